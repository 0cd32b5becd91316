/** Words about whose orders a flow gets when it is published. */

import { inBoth } from "./both";

export const publishing = inBoth(
  {
    ordersOf: "New orders of {channels} go this way.",
    ordersOfTheRest: "New orders of every channel without a flow of its own go this way.",
    ordersOfNobody: "No order comes here yet: no channel sends its orders to this flow.",
    ordersElsewhere: "{channel} goes to “{flow}” now.",
    chooseChannels: "Choose channels",
    handOver: "Hand new orders over to this flow",
    adminHandsOver: "An administrator hands them over on the page Channels.",
    takenBy: "now goes to “{flow}”",
  },
  {
    ordersOf: "{channels} 的新订单走本流程。",
    ordersOfTheRest: "没有指定流程的渠道，新订单都走本流程。",
    ordersOfNobody: "还没有渠道把订单交给本流程，暂时不会有订单进来。",
    ordersElsewhere: "“{channel}”目前走“{flow}”。",
    chooseChannels: "选择渠道",
    handOver: "把新订单交给本流程",
    adminHandsOver: "由管理员在“渠道”页面移交。",
    takenBy: "目前走“{flow}”",
  },
);
