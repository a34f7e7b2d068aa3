"""The outside world behind small Protocols: card and bank payments. Below the workflows, above the foundation."""
