// Numbers and moments as people read them.

import { language } from "./i18n.js";

const formatters = new Map();

function formatter(kind, make) {
  const key = `${language()} ${kind}`;
  if (!formatters.has(key)) {
    formatters.set(key, make(language()));
  }
  return formatters.get(key);
}

const seconds = () => formatter("seconds", (tag) =>
  new Intl.NumberFormat(tag, { minimumFractionDigits: 2, maximumFractionDigits: 2, useGrouping: false }));

/** Hundredths as seconds: 9523 is 95.23. */
export function time(hundredths) {
  return hundredths === null || hundredths === undefined ? "" : seconds().format(hundredths / 100);
}

/** A running time, in tenths: the hundredths are only known at the finish. */
export function running(hundredths) {
  return formatter("running", (tag) =>
    new Intl.NumberFormat(tag, { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false }))
    .format(Math.floor(hundredths / 10) / 10);
}

/** Penalties in whole seconds. */
export function penalty(hundredths) {
  return hundredths === null || hundredths === undefined ? "" : String(Math.round(hundredths / 100));
}

/** A gap such as `+1.20`, with the language's own decimal sign. */
export function gap(text) {
  if (!text || text === "0.00") {
    return "";
  }
  const sign = seconds().formatToParts(0.5).find((part) => part.type === "decimal")?.value ?? ".";
  return text.replace(".", sign);
}

/** Hours and minutes of `2026-06-20T09:31:37+02:00` or `09:31:37`, where the race is. */
export function clock(text) {
  return text ? (text.includes("T") ? text.slice(11, 16) : text.slice(0, 5)) : "";
}

/** Time of day to the second, where the race is. */
export function timeOfDay(text) {
  return text ? (text.includes("T") ? text.slice(11, 19) : text.slice(0, 8)) : "";
}

/** Lower-case and without accents, for searching. */
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

/** A day such as Saturday 20 June. */
export function day(date) {
  return formatter("day", (tag) =>
    new Intl.DateTimeFormat(tag, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" }))
    .format(new Date(`${date.slice(0, 10)}T12:00:00Z`));
}

/** A day as short as it can be told, such as Sat 25/4. */
export function shortDay(date) {
  return formatter("short day", (tag) =>
    new Intl.DateTimeFormat(tag, { weekday: "short", day: "numeric", month: "numeric", timeZone: "UTC" }))
    .format(new Date(`${date.slice(0, 10)}T12:00:00Z`));
}

/** First and last day of an event. */
export function days(start, end) {
  if (!start) {
    return "";
  }
  const range = formatter("days", (tag) =>
    new Intl.DateTimeFormat(tag, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }));
  const at = (date) => new Date(`${date.slice(0, 10)}T12:00:00Z`);
  return end && end !== start ? range.formatRange(at(start), at(end)) : range.format(at(start));
}

/** A moment to the second, with its day unless that is today. */
export function moment(ms) {
  const at = new Date(ms);
  const clock = { hour: "numeric", minute: "2-digit", second: "2-digit" };
  const isToday = at.toDateString() === new Date().toDateString();
  const options = isToday ? clock : { day: "numeric", month: "numeric", ...clock };
  return formatter(`moment ${isToday}`, (tag) => new Intl.DateTimeFormat(tag, options)).format(at);
}

/** Hours and minutes of now. */
export function wallClock() {
  return formatter("wall clock", (tag) => new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit" })).format(Date.now());
}
