/**
 * Pages hear of changes: the server tells the names of what has changed, and whoever shows it asks for it by its ordinary
 * address. One stream a browser, shared by its tabs; where there is none, the pages ask now and then, as they would without.
 *
 *     const orders = subscribe(["orders", "flow:big-orders"], () => void load(), { gap: 2_000, poll: 5_000 });
 *     orders.end();
 *
 * In templates `<div id="list" data-follow="tasks" data-poll="5" hx-trigger="tidings" hx-get="…">` does the same by htmx;
 * `data-gap` and `data-calm` are told in seconds too. It may be replaced by its answer: it is known by its id.
 *
 * Topics: `orders` (any order moved), `balance`, `tasks`, `failures`, `surges`, `flows` (something was published),
 * `run:<id>`, `flow:<key>`.
 */

import { Following, type Rhythm, RHYTHM } from "./push/following";
import { type Link, Stream } from "./push/stream";
import { type Part, type Room, Tabs } from "./push/tabs";

export type { Rhythm } from "./push/following";

export interface Subscription {
  end(): void;
}

/** Sent to an element with `data-follow` when it is to ask anew. */
const TIDINGS = "tidings";

const followings = new Set<Following>();
let up = false;
let begun = false;
let tabs: Tabs | undefined;

/**
 * Call `look` soon after something under these topics has changed, now and then without being told, and once when the page
 * is seen again. Not while it is hidden.
 */
export function subscribe(
  topics: readonly string[],
  look: () => void,
  rhythm: Partial<Rhythm> = {},
): Subscription {
  begin();
  const following = new Following(topics, look, { ...RHYTHM, ...rhythm }, () => performance.now());
  followings.add(following);
  if (document.hidden) following.rest();
  else if (up) following.hear(true);
  tabs?.want(topicsHere());
  return {
    end() {
      following.end();
      followings.delete(following);
    },
  };
}

/** Whether the server tells of changes just now. */
export function hearsOfChanges(): boolean {
  return up;
}

/** Let every element with `data-follow` ask anew when something under its topics has changed. */
export function keepFollowing(): void {
  const known = new Map<string, { readonly told: string; readonly subscription: Subscription }>();
  const look = (): void => {
    const there = new Map(
      [...document.querySelectorAll<HTMLElement>("[data-follow][id]")].map((one) => [one.id, one]),
    );
    for (const [id, { told, subscription }] of known) {
      if (there.get(id)?.dataset.follow === told) continue;
      subscription.end();
      known.delete(id);
    }
    for (const [id, element] of there)
      if (!known.has(id))
        known.set(id, { told: element.dataset.follow ?? "", subscription: followElement(element) });
  };
  look();
  document.addEventListener("htmx:load", look);
}

function followElement({ id, dataset }: HTMLElement): Subscription {
  const { follow = "", poll, calm, gap } = dataset;
  return subscribe(
    follow.split(" "),
    () => document.getElementById(id)?.dispatchEvent(new CustomEvent(TIDINGS)),
    {
      ...(poll === undefined ? {} : { poll: Number(poll) * 1_000 }),
      ...(calm === undefined ? {} : { calm: Number(calm) * 1_000 }),
      ...(gap === undefined ? {} : { gap: Number(gap) * 1_000 }),
    },
  );
}

/** Once a page, when its first part wants to hear of something. */
function begin(): void {
  if (begun) return;
  begun = true;
  const link = linkOf(document.body);
  if (link !== null) tabs = joinTabs(link);
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : wake()));
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) wake();
  });
  // After everything that begins with the page has said what it wants to hear of.
  if (!document.hidden && link !== null) queueMicrotask(() => tabs?.come(topicsHere(), link.since));
}

function linkOf({ dataset }: HTMLElement): Link | null {
  const { push, pushRenewal = "", pushPass = "", pushSince = "" } = dataset;
  return push === undefined
    ? null
    : { address: push, renewal: pushRenewal, pass: pushPass, since: pushSince };
}

function joinTabs(link: Link): Tabs {
  const stream = new Stream(link, {
    heard(topics, mark) {
      tell(topics);
      joined.tell(topics, mark);
    },
    hears(now) {
      hear(now);
      joined.tellUp(now);
    },
  });
  const part: Part = {
    lead: (topics, mark) => stream.open(topics, mark),
    want: (topics) => stream.change(topics),
    yield: () => stream.close(),
    heard: tell,
    hears: hear,
    missed: () => followings.forEach((one) => one.owe()),
  };
  const joined = new Tabs(part, roomOf(link), crypto.getRandomValues(new Uint32Array(2)).join("-"));
  return joined;
}

/** The tabs of one address and one installation speak with each other, also while different people use them. */
function roomOf(link: Link): Room | null {
  return "BroadcastChannel" in window ? new BroadcastChannel(`orderflow ${link.address}`) : null;
}

function rest(): void {
  for (const one of followings) one.rest();
  tabs?.go();
}

function wake(): void {
  for (const one of followings) one.wake();
  if (tabs === undefined) hear(false);
  else tabs.come(topicsHere(), "");
}

function tell(topics: readonly string[]): void {
  if (topics.length > 0) for (const one of followings) one.heard(topics);
}

function hear(now: boolean): void {
  up = now;
  document.documentElement.dataset.hears = String(now);
  for (const one of followings) one.hear(now);
}

function topicsHere(): readonly string[] {
  return [...new Set([...followings].flatMap((one) => one.topics))].sort();
}
