/** The words of editing: commands and their keys, finding, arranging, notes and groups. */

import { inBoth } from "./both";

export const editing = inBoth(
  {
    groupCommands: "Commands",
  },
  {
    groupCommands: "命令",
  },
);
