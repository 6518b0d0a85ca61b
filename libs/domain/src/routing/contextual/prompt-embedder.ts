/** The port to a model that turns a text into a vector whose direction says what the text is about. */

export interface PromptEmbedder {
  /**
   * @param signal gives the call up
   * @returns a vector of the model's own length, at least 1, every figure finite
   * @throws {UpstreamError} where it failed or took too long: no call waits longer than its implementation was told to
   */
  embed(text: string, signal: AbortSignal): Promise<Float64Array>
  /** Lets the calls in flight end. */
  close(): Promise<void>
}
