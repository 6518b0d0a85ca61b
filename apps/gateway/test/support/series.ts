/** The value of one series in Prometheus' text, found by its whole name with labels; undefined where there is none. */
export function seriesOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find(candidate => candidate.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length))
}
