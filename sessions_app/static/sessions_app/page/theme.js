/* Before the first paint: a dark page does not flash. A classic script, so that it comes first. */
try {
  const theme = JSON.parse(localStorage.getItem("logshuttle.tail") ?? "{}").theme;
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Nothing is kept: the system's choice holds.
}
