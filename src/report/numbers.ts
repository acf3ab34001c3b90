const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** 1234567.89 as `1,234,567.9`. */
export function formatNumber(value: number): string {
  return GROUPED.format(value);
}

/** Seconds as `45 s`, `3 min 20 s` or `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
