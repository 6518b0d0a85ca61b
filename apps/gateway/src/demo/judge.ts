/** The demo's judge: a simulated answer ends with the quality that the simulator gave it. */

const MARKER = /\[simulated answer; quality (\d(?:\.\d+)?)\]\s*$/

/** @returns the quality in [0, 1]; null where the answer bears no marker */
export function judge(text: string | null): number | null {
  const quality = MARKER.exec(text ?? '')?.[1]
  return quality === undefined ? null : Number(quality)
}
