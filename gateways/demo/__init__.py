"""The built-in gateway: speaks Braintree's wire protocol, keeps its own file, and moves no money.

`open_gateway` is the demo's; tests make a `DemoGateway` in memory, or reach one over a socket (`server`).
"""

from gateways.demo.desk import Desk
from gateways.demo.gateway import DemoGateway, open_gateway
from gateways.demo.keys import DemoKeys

__all__ = ["DemoGateway", "DemoKeys", "Desk", "open_gateway"]
