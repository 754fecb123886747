// What the page says about its connection.

import { moment } from "../format.js";
import { t } from "../i18n.js";

export function statusText({ status, offlineSince }) {
  switch (status) {
    case "offline":
      return `${t("offline")} ${offlineSince ? moment(offlineSince) : "–"}`;
    case "catching-up":
      return t("catchingUp");
    default:
      return t(status);
  }
}
