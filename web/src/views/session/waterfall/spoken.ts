import { failed, kindOf, nameOf, type Node } from "../model/tree";
import { tickWords } from "../model/extent";
import { lengthWords } from "./paint";

/** The selected span for those who do not see the canvas. */
export function spokenWords(node: Node, goesOn: boolean): string {
  const { span } = node;
  const inside = node.inside > 0 ? `, ${node.inside} spans in it` : "";
  const error = failed(node) ? `, failed${span.error === null ? "" : `: ${span.error}`}` : `, ${span.status}`;
  return `${nameOf(span)}, ${kindOf(span)}${error}, ${lengthWords(node, goesOn)}, began at ${tickWords(node.start, 1)}, level ${node.depth + 1}${inside}`;
}
