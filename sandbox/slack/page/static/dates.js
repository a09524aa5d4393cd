/** Slack's date tokens (docs.slack.dev/messaging/formatting-message-text#date-formatting), in the viewer's time zone. */
const FORMATS = {
  date_num: { year: 'numeric', month: '2-digit', day: '2-digit', order: 'ymd' },
  date_slash: { year: 'numeric', month: '2-digit', day: '2-digit' },
  date: { year: 'numeric', month: 'long', day: 'numeric' },
  date_short: { year: 'numeric', month: 'short', day: 'numeric' },
  date_long: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
  time: { hour: 'numeric', minute: '2-digit' },
  time_secs: { hour: 'numeric', minute: '2-digit', second: '2-digit' },
};

function format(date, { order, ...options }, timeZone) {
  // Canadian English writes dates as year-month-day.
  return new Intl.DateTimeFormat(order === 'ymd' ? 'en-CA' : 'en-US', { ...options, timeZone }).format(date);
}

const dayOf = (date, timeZone) => format(date, FORMATS.date_num, timeZone);

function pretty(date, fallback, timeZone) {
  const now = Date.now();
  const day = dayOf(date, timeZone);
  if (day === dayOf(new Date(now), timeZone)) return 'today';
  if (day === dayOf(new Date(now - 86_400_000), timeZone)) return 'yesterday';
  if (day === dayOf(new Date(now + 86_400_000), timeZone)) return 'tomorrow';
  return format(date, FORMATS[fallback], timeZone);
}

function ago(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  if (Math.abs(seconds) < 60) return relative.format(seconds, 'second');
  if (Math.abs(seconds) < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (Math.abs(seconds) < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}

/** `text` with its `{date…}` and `{time…}` tokens filled in; `seconds` since the epoch. */
export function fillDate(text, seconds, timeZone) {
  const date = new Date(seconds * 1000);
  return text.replace(/\{(\w+)\}/g, (whole, token, offset) => {
    if (token === 'ago') return ago(date);
    if (token.endsWith('_pretty')) {
      const said = pretty(date, token.replace(/_pretty$/, ''), timeZone);
      return offset === 0 ? said.charAt(0).toUpperCase() + said.slice(1) : said;
    }
    return FORMATS[token] ? format(date, FORMATS[token], timeZone) : whole;
  });
}

/** The time of a message, `10:14 AM`. */
export const clockTime = (ts, timeZone) => format(new Date(Number(ts) * 1000), FORMATS.time, timeZone);

/** The day of a message: `Today`, or `Saturday, November 21`. */
export function dayLabel(ts, timeZone) {
  const text = pretty(new Date(Number(ts) * 1000), 'date_long', timeZone);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
