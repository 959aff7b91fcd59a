// @ts-check
/** Times and numbers as people read them. `procedures/words.py` says the same; `tests/js/formats.json` holds both to it. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const SECOND_OF_J2000 = 946728000;
/** Seconds, and minutes, up to which a rough duration is said in them. */
const ROUGH = 90;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/** `0:07`, `35:28`, `1:02:03`, `2 d 04:05`. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.trunc(seconds));
  const days = Math.floor(whole / DAY);
  const hours = Math.floor((whole % DAY) / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  const secs = whole % MINUTE;
  if (days) return `${days} d ${two(hours)}:${two(minutes)}`;
  return hours ? `${hours}:${two(minutes)}:${two(secs)}` : `${minutes}:${two(secs)}`;
}

/** As `duration`, with the milliseconds and tenths that matter below ten seconds. @param {number} seconds */
export function took(seconds) {
  if (seconds < 0.0995) return `${Math.max(0, Math.floor(seconds * 1000 + 0.5))} ms`;
  if (seconds < 9.95) return `${tenths(seconds)} s`;
  return duration(seconds);
}

/** How long ago: `0.4 s`, `12 s`, `3 min`, `5 h`, `2 d`. @param {number} seconds */
export function age(seconds) {
  if (seconds < 9.95) return `${tenths(Math.max(0, seconds))} s`;
  if (seconds < 2 * MINUTE) return `${Math.trunc(seconds)} s`;
  if (seconds < 2 * HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  return seconds < 2 * DAY ? `${Math.floor(seconds / HOUR)} h` : `${Math.floor(seconds / DAY)} d`;
}

/** What is left, never too little: `3 s`, `2:05`, `1:02:03`. @param {number} seconds */
export function countdown(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < MINUTE ? `${whole} s` : duration(whole);
}

/** As people speak of it: `9 s`, `52 min`, `1 h 32`, `2 d 4 h`. @param {number} seconds */
export function rough(seconds) {
  const whole = Math.floor(Math.max(0, seconds) + 0.5);
  if (whole < ROUGH) return `${whole} s`;
  const minutes = Math.floor((whole + MINUTE / 2) / MINUTE);
  if (minutes < ROUGH) return `${minutes} min`;
  if (whole < DAY) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)}`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

/** The time of day in UTC, `01:47:32`. @param {number} at Unix seconds */
export function clock(at) {
  return new Date(at * 1000).toISOString().slice(11, 19);
}

/** The same moment by the clock of whoever reads it: `here 2026-03-18 03:47:32 SAST`. @param {number} at Unix seconds */
export function localTime(at) {
  return `here ${local.format(at * 1000).replace(",", "")}`;
}

const local = new Intl.DateTimeFormat("sv-SE", { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });

/** The same with milliseconds, `01:47:32.020`. @param {number} at Unix seconds */
export function preciseClock(at) {
  return new Date(at * 1000).toISOString().slice(11, 23);
}

/** The time of day where that is enough, else with its date; UTC. @param {number} at @param {number} now */
export function moment(at, now) {
  const then = new Date(at * 1000);
  const today = new Date(now * 1000);
  const away = Math.abs(now - at);
  if (away < DAY / 2 || then.toISOString().slice(0, 10) === today.toISOString().slice(0, 10)) return clock(at);
  const time = clock(at).slice(0, 5);
  if (away < 10 * DAY || then.getUTCFullYear() === today.getUTCFullYear()) {
    return `${then.getUTCDate()} ${MONTHS[then.getUTCMonth()]} ${time}`;
  }
  return `${then.toISOString().slice(0, 10)} ${time}`;
}

/** Thousands parted by a thin space that does not break. @param {number} value */
export function number(value) {
  return String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** `1 line`, `18 214 lines`. @param {number} count */
export function lineCount(count) {
  return `${number(count)} ${count === 1 ? "line" : "lines"}`;
}

/** `312 B`, `1.4 kB`, `268 MB`. @param {number} count */
export function size(count) {
  let value = count;
  for (const unit of ["B", "kB", "MB"]) {
    if (value < 1000) return unit === "B" || value >= 100 ? `${value.toFixed(0)} ${unit}` : `${value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(1)} GB`;
}

/** Local (mean) sidereal time, good to a second. @param {number} at Unix seconds @param {number} longitude degrees east */
export function sidereal(at, longitude) {
  const days = (at - SECOND_OF_J2000) / DAY;
  const hours = (((18.697374558 + 24.06570982441908 * days + longitude / 15) % 24) + 24) % 24;
  return `${two(Math.trunc(hours))}:${two(Math.trunc(hours * 60) % 60)}:${two(Math.trunc(hours * 3600) % 60)}`;
}

/** @param {number} value */
function tenths(value) {
  return (Math.floor(value * 10 + 0.5) / 10).toFixed(1);
}
