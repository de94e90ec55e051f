/** What a graph and its nodes may be told. */

export interface GraphOptions {
  /** Name of the graph, for people. */
  readonly name: string;
  /** Version of the standard operator set; 21 unless given. */
  readonly opset?: number;
  /** Versions of other operator sets, by domain; imported when a node uses them. */
  readonly domains?: Readonly<Record<string, number>>;
}

export interface NodeOptions {
  /** Operator set of the node; the standard one unless given. */
  readonly domain?: string;
  /** Prefix of the names of its values; the operator's name unless given. */
  readonly name?: string;
}
