/** Whose orders a flow gets once it is published, told where one publishes: without a channel it would wait for ever. */

import { button, h } from "./dom";
import type { Say } from "./words";

/** The channels that the draft names, those of them that another flow still takes, and what may be done about it. */
export interface WhoseOrders {
  readonly channels: readonly string[];
  readonly elsewhere: readonly { readonly channel: string; readonly flow: string }[];
  readonly is_default: boolean;
  readonly may_take_over: boolean;
}

export class Supply {
  private readonly box = h("input", { type: "checkbox" });

  constructor(
    private readonly say: Say,
    private readonly chooseChannels: () => void,
  ) {}

  /** Whether the channels that go elsewhere are to be handed over with the publication. */
  get isTakenOver(): boolean {
    return this.box.isConnected && this.box.checked;
  }

  tell(orders: WhoseOrders): readonly Node[] {
    const { say } = this;
    const away = new Set(orders.elsewhere.map((one) => one.channel));
    const ours = orders.channels.filter((name) => !away.has(name));
    const told: Node[] = [];
    if (ours.length > 0) told.push(h("p", {}, say("ordersOf", { channels: ours.join(say("listJoin")) })));
    if (orders.is_default) told.push(h("p", {}, say("ordersOfTheRest")));
    else if (orders.channels.length === 0) told.push(...this.none());
    if (away.size > 0) told.push(...this.elsewhere(orders));
    return told;
  }

  private none(): readonly Node[] {
    const { say } = this;
    const choose = button(say("chooseChannels"), this.chooseChannels, { class: "button", text: true });
    return [h("p", { class: "goes-out-nobody" }, say("ordersOfNobody")), choose];
  }

  private elsewhere(orders: WhoseOrders): readonly Node[] {
    const { say } = this;
    const list = orders.elsewhere.map(({ channel, flow }) =>
      h("li", {}, say("ordersElsewhere", { channel, flow })),
    );
    this.box.checked = true;
    const further = orders.may_take_over
      ? h("label", { class: "check" }, this.box, h("span", {}, say("handOver")))
      : h("p", { class: "hint" }, say("adminHandsOver"));
    return [h("ul", { class: "goes-out-elsewhere" }, ...list), further];
  }
}
