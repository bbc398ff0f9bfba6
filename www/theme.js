// The reader's choice of theme, applied before the first paint. A classic script: modules run too late for that.
document.documentElement.dataset.script = 'on';
try {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch { /* storage is forbidden: the system's theme is used */ }
