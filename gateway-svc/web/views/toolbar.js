// Search, category, and how much is shown of each row.

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";

export function toolbar(context, { withDetail }) {
  const { state } = context;
  const search = h("input", {
    type: "search", placeholder: t("find"), "aria-label": t("search"), autocomplete: "off", enterkeyhint: "search",
    input: () => context.set({ search: search.value }),
  });
  search.value = context.search();
  const category = h("select", {
    "aria-label": t("category"), change: () => context.set({ category: category.value }),
  });
  const detail = withDetail ? h("button", {
    class: "tool", title: t("detailed"), "aria-label": t("detailed"),
    click: () => context.set({ detail: context.detailed() ? "simple" : "all" }),
  }, "≡") : null;
  const print = h("button", { class: "tool wide-only", title: t("print"), "aria-label": t("print"), click: () => window.print() }, "⎙");
  const element = h("div", { class: "tools" }, ...[search, category, detail, print].filter(Boolean));

  function render() {
    const known = state.classOf(state.race(context.raceId()))?.categories ?? [];
    const key = JSON.stringify([known, context.category()]);
    if (category.dataset.shown !== key) {
      category.dataset.shown = key;
      fill(category, h("option", { value: "" }, t("allCategories")),
        ...known.map(({ catId, name }) => h("option", { value: catId }, name ?? catId)));
      category.value = context.category();
    }
    category.hidden = known.length === 0;
    detail?.setAttribute("aria-pressed", String(context.detailed()));
    if (document.activeElement !== search) {
      search.value = context.search();
    }
  }
  return { element, render };
}
