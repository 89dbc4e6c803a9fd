// The stream without Python: node stream.js MODEL AUDIO CONTEXT FRAME WINDOW HOP SIZE
// AUDIO: float32 samples, little-endian. Writes the scores of every step's whole window to stdout in the same form.
// CONTEXT and FRAME are the card's context_samples and frame_samples; WINDOW and HOP are frames, SIZE is the embeddings'.
import { readFileSync, writeSync } from "node:fs";
import * as ort from "onnxruntime-web";

const [modelPath, audioPath, ...numbers] = process.argv.slice(2);
const [context, frame, window, hop, size] = numbers.map(Number);
const bytes = readFileSync(audioPath);
const audio = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const session = await ort.InferenceSession.create(readFileSync(modelPath));

const tensor = (data, dims) => new ort.Tensor("float32", data, dims);
let embeddings = tensor(new Float32Array(0), [1, 0, size]);
for (let end = context + hop * frame; end <= audio.length; end += hop * frame) {
  const start = end - hop * frame - context;
  const fed = { audio: tensor(audio.slice(start, end), [1, end - start]), embeddings };
  const step = await session.run(fed);
  const scores = step.scores.data;
  writeSync(1, new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength));
  const kept = Math.min(step.embeddings_out.dims[1], window - hop);
  const all = step.embeddings_out.data;
  embeddings = tensor(all.slice(all.length - kept * size), [1, kept, size]);
}
