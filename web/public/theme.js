// Runs before the first paint, so that who has chosen a theme never sees the other one flash.
try {
  const theme = localStorage.getItem('cartwright.theme');
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Without storage there is no choice to remember.
}
