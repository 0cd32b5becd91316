/** The words of sub-flows: choosing one and its version, opening it, and coming back. */

import { inBoth } from "./both";

export const nesting = inBoth(
  {
    noFlows: "No other flow is published yet.",
    versionOf: "Version {version}",
    versionTold: "version {version}",
    versionNoted: "Version {version}: {note}",
    versionGone: "Version {version} (not published here)",
    openVersion: "Open version {version}",
    takeNewer: "Version {version} is newer: take it",
    openSubFlow: "Open the sub-flow",
    visiting: "“{flow}”, version {version}, as it is used here",
    backToFlow: "Back to “{flow}”",
    drawOn: "Draw this flow",
  },
  {
    noFlows: "还没有其他已发布的流程。",
    versionOf: "第 {version} 版",
    versionTold: "第 {version} 版",
    versionNoted: "第 {version} 版：{note}",
    versionGone: "第 {version} 版（这里没有发布）",
    openVersion: "打开第 {version} 版",
    takeNewer: "已有更新的第 {version} 版，改用它",
    openSubFlow: "打开子流程",
    visiting: "“{flow}”第 {version} 版（此处所用）",
    backToFlow: "返回“{flow}”",
    drawOn: "编辑该流程",
  },
);
