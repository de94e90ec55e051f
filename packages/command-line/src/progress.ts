/** Draws ProgressEvents: a bar where the terminal can redraw, else a line every few seconds. */
import type { ProgressEvent } from "@difftap/core";
import { Presets, SingleBar } from "cli-progress";
import type { Terminal } from "./terminal.js";

/** Seconds between two lines of progress when no bar can be drawn. */
const SECONDS_BETWEEN_LINES = 5;

export interface Progress {
  readonly report: (event: ProgressEvent) => void;
  /** Ends the bar, so that what follows starts on a line of its own. */
  readonly end: () => void;
}

/** Progress for one command. Messages always get their line. */
export function showProgress(terminal: Terminal, now: () => number = Date.now): Progress {
  const draw = terminal.interactive ? bar() : lines(terminal, now);
  return {
    end: draw.end,
    report: (event) => {
      if (event.message !== undefined) {
        draw.end();
        terminal.note(`${event.task}: ${event.message}`);
      }
      draw.update(event);
    },
  };
}

interface Drawing {
  update(event: ProgressEvent): void;
  end(): void;
}

function bar(): Drawing {
  let active: { bar: SingleBar; task: string } | undefined;
  const end = () => {
    active?.bar.stop();
    active = undefined;
  };
  return {
    end,
    update: ({ task, done, total, unit, detail = "" }) => {
      if (active?.task !== task) {
        end();
        const options = {
          format: `${task} {bar} {value}/{total} ${unit}, {eta_formatted} left {detail}`,
          clearOnComplete: true,
        };
        active = { bar: new SingleBar(options, Presets.shades_classic), task };
        active.bar.start(total ?? done, done, { detail });
      }
      if (total !== undefined) active.bar.setTotal(total);
      active.bar.update(done, { detail });
    },
  };
}

function lines(terminal: Terminal, now: () => number): Drawing {
  const last = new Map<string, number>();
  return {
    end: () => undefined,
    update: ({ task, done, total, unit, detail }) => {
      const finished = total !== undefined && done >= total;
      const due = now() - (last.get(task) ?? Number.NEGATIVE_INFINITY) >= SECONDS_BETWEEN_LINES * 1000;
      if (!due && !finished) return;
      // What is finished may begin again: another split, another epoch.
      if (finished) last.delete(task);
      else last.set(task, now());
      const count = `${done.toLocaleString("en")}${total === undefined ? "" : ` of ${total.toLocaleString("en")}`} ${unit}`;
      terminal.note(`${task}: ${count}${detail === undefined ? "" : `, ${detail}`}`);
    },
  };
}
