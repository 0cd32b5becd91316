/** The words of the flow as sentences. */

import { inBoth } from "./both";

export const reading = inBoth(
  {
    wayIf: "If {when}",
    print: "Print",
    rangeFrom: "from {from}",
    rangeTo: "up to {to}",
  },
  {
    wayIf: "如果{when}",
    print: "打印",
    rangeFrom: "不低于 {from}",
    rangeTo: "不超过 {to}",
  },
);
