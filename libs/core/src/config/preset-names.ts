/** The presets there are: what `adapters[].preset` may say. */
export const PRESET_NAMES = [
  'openai',
  'azure-openai',
  'groq',
  'mistral',
  'deepseek',
  'together',
  'openrouter',
  'fireworks',
  'xai',
  'vllm',
  'ollama',
  'llamacpp',
] as const
