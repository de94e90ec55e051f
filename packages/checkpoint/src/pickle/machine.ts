/** The pickle virtual machine's state: stack, marks and memo, each with its limit. */
import { PickleFailure } from "./failure.js";
import { MAX_MARKS, MAX_MEMO, MAX_STACK } from "./limits.js";
import { type DictValue, isDict, kindOf, type ListValue, type PickleValue } from "./values.js";

export class PickleMachine {
  private readonly stack: PickleValue[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, PickleValue>();

  push(value: PickleValue): void {
    if (this.stack.length >= MAX_STACK) throw new PickleFailure(`stack is over ${MAX_STACK} values`);
    this.stack.push(value);
  }

  pop(): PickleValue {
    if (this.stack.length <= this.floor()) throw new PickleFailure("stack is empty");
    return this.stack.pop() as PickleValue;
  }

  top(): PickleValue {
    if (this.stack.length <= this.floor()) throw new PickleFailure("stack is empty");
    return this.stack[this.stack.length - 1] as PickleValue;
  }

  mark(): void {
    if (this.marks.length >= MAX_MARKS) throw new PickleFailure(`over ${MAX_MARKS} marks are open`);
    this.marks.push(this.stack.length);
  }

  /** Everything above the last mark, which goes. */
  popToMark(): PickleValue[] {
    const height = this.marks.pop();
    if (height === undefined) throw new PickleFailure("no mark is open");
    return this.stack.splice(height);
  }

  /** The last `count` values, in the order they were pushed. */
  popMany(count: number): PickleValue[] {
    const start = this.stack.length - count;
    if (start < this.floor()) throw new PickleFailure(`stack has fewer than ${count} values`);
    const values = this.stack.slice(start);
    this.stack.length = start;
    return values;
  }

  remember(index: number = this.memo.size): void {
    if (this.memo.size >= MAX_MEMO) throw new PickleFailure(`memo is over ${MAX_MEMO} values`);
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw new PickleFailure(`memo has no value ${index}`);
    this.push(value);
  }

  append(items: readonly PickleValue[]): void {
    const target = this.top();
    if (kindOf(target) !== "list") throw new PickleFailure(`appends to ${kindOf(target)}`);
    for (const item of items) (target as ListValue).items.push(item);
  }

  setItems(items: readonly PickleValue[]): void {
    const target = this.top();
    if (!isDict(target)) throw new PickleFailure(`sets items of ${kindOf(target)}`);
    if (items.length % 2 !== 0) throw new PickleFailure("sets a key without a value");
    for (const item of items) (target as DictValue).entries.push(item);
  }

  /** The one value left at STOP. */
  result(): PickleValue {
    if (this.marks.length > 0) throw new PickleFailure("ends with an open mark");
    const value = this.pop();
    if (this.stack.length > 0)
      throw new PickleFailure(`ends with ${this.stack.length} values left on the stack`);
    return value;
  }

  private floor(): number {
    return this.marks[this.marks.length - 1] ?? 0;
  }
}
