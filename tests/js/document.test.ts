import { describe, expect, it } from "vitest";
import {
  connect,
  insertOnEdge,
  placesOf,
  policyOf,
  removeAndReconnect,
  removeParts,
  renameNode,
  reworded,
  said,
  setSettings,
  withPolicy,
} from "../../static/src/canvas/document";
import { excerptOf, paste, readExcerpt } from "../../static/src/canvas/excerpt";
import { flow, ways } from "./samples";

const LINE = flow(["ingest", "set", "set", "end"], ["n1.out>n2", "n2.out>n3", "n3.out>n4"]);

describe("connecting", () => {
  it("gives a way out one target only: the new one", () => {
    expect(ways(connect(LINE, "n1", "out", "n4"))).toEqual(["n1.out>n4", "n2.out>n3", "n3.out>n4"]);
  });

  it("changes nothing when the connection is there already", () => {
    expect(connect(LINE, "n1", "out", "n2")).toBe(LINE);
  });

  it("never gives two edges one id, whatever was removed before", () => {
    const cut = removeParts(LINE, new Set(), new Set(["e1"]));
    const ids = connect(cut, "n1", "out", "n3").edges.map((edge) => edge.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("puts a node into an edge, with its main way leading on", () => {
    const before = flow(["ingest", "end", "set"], ["n1.out>n2"]);
    const [edge] = before.edges;
    if (edge === undefined) throw new Error("the sample has an edge");
    expect(ways(insertOnEdge(before, edge, "n3", "out"))).toEqual(["n1.out>n3", "n3.out>n2"]);
  });
});

describe("removing", () => {
  it("takes a node's edges and its place with it", () => {
    const after = removeParts(LINE, new Set(["n2"]));
    expect(ways(after)).toEqual(["n3.out>n4"]);
    expect(placesOf(after)).not.toHaveProperty("n2");
  });

  it("closes the gap over all that is removed together", () => {
    expect(ways(removeAndReconnect(LINE, new Set(["n2", "n3"])))).toEqual(["n1.out>n4"]);
  });

  it("leads nowhere rather than in a circle to itself", () => {
    const circle = flow(["set", "set"], ["n1.out>n2", "n2.out>n1"]);
    expect(ways(removeAndReconnect(circle, new Set(["n2"])))).toEqual([]);
  });

  it("takes the edges of ways out that the settings no longer have", () => {
    const before = flow(["route", "end"], ["n1.r1>n2", "n1.else>n2"]);
    expect(ways(setSettings(before, "n1", { rules: [] }, new Set(["else"])))).toEqual(["n1.else>n2"]);
  });
});

describe("copying", () => {
  it("brings the edges among the copies, under ids of their own", () => {
    const excerpt = excerptOf(LINE, new Set(["n2", "n3"]));
    const { document, nodes: added } = paste(LINE, excerpt, { x: 1000, y: 500 });
    expect(added).toEqual(["n5", "n6"]);
    expect(ways(document)).toContain("n5.out>n6");
    expect(placesOf(document).n5).toEqual({ x: 1000, y: 500 });
    expect(placesOf(document).n6).toEqual({ x: 1320, y: 500 });
  });

  it("reads back what it wrote to the clipboard, and nothing else", () => {
    const excerpt = excerptOf(LINE, new Set(["n2"]));
    expect(readExcerpt(JSON.stringify(excerpt))).toMatchObject({ excerpt });
    expect(readExcerpt("张三")).toEqual({ refused: "pasteNoJson" });
    expect(readExcerpt('{"nodes":[]}')).toEqual({ refused: "pasteNoFlow" });
    expect(readExcerpt("null")).toEqual({ refused: "pasteNoFlow" });
  });
});

describe("names", () => {
  it("keep the other language when one is changed", () => {
    const named = {
      ...LINE,
      nodes: [{ id: "n1", type: "set", settings: {}, name: { en: "Mark", "zh-CN": "标记" } }],
    };
    expect(renameNode(named, "n1", "标注", "zh-CN").nodes[0]?.name).toEqual({ en: "Mark", "zh-CN": "标注" });
  });

  it("fall back to the type's when they are emptied", () => {
    const named = renameNode(LINE, "n2", "Mark it", "en");
    expect(renameNode(named, "n2", " ", "en").nodes[1]).not.toHaveProperty("name");
  });

  it("of settings too: the other languages stay, and an emptied text is no text", () => {
    expect(reworded({ en: "rejected", "zh-CN": "拒绝" }, "未通过", "zh-CN")).toEqual({
      en: "rejected",
      "zh-CN": "未通过",
    });
    expect(reworded({ en: "rejected" }, "", "en")).toBeUndefined();
    expect(reworded("rejected", "no", "zh-CN")).toBe("no");
  });

  it("are told in the reader's language, else in English, else in what there is", () => {
    expect(said({ en: "Mark", "zh-CN": "标记" }, "zh-CN")).toBe("标记");
    expect(said({ en: "Mark" }, "zh-CN")).toBe("Mark");
    expect(said({ "zh-CN": "标记" }, "en")).toBe("标记");
    expect(said(undefined, "en")).toBe("");
  });
});

describe("the failure policy of a flow", () => {
  it("is set, told and taken away, and nothing else changes", () => {
    const guarded = withPolicy(LINE, { max_tries: 2 });
    expect(policyOf(guarded)).toEqual({ max_tries: 2 });
    expect(policyOf(LINE)).toBeUndefined();
    expect(withPolicy(guarded, undefined)).toEqual(LINE);
  });
});
