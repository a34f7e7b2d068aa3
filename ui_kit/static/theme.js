// theme.js - runs before the first paint: says that JavaScript is there, and puts back the theme chosen on this device.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  } catch { /* storage is switched off: follow the device */ }
})();
