// The stream without Python: node stream.js MODEL AUDIO < CARD
// AUDIO: float32 samples, little-endian, at the model's rate. CARD: what `sed-info MODEL --json` prints.
// Writes the scores of the emitted frames, one after the other, to stdout in the same form.
import { readFileSync, writeSync } from "node:fs";
import * as ort from "onnxruntime-web";

const [modelPath, audioPath] = process.argv.slice(2);
const card = JSON.parse(readFileSync(0, "utf8"));
const { context_samples: context, frame_samples: frame, window_frames: window, grid_frames: grid } = card;
const { hop_frames: hop, lookahead_frames: lookahead } = card;
const bytes = readFileSync(audioPath);
const sound = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const session = await ort.InferenceSession.create(readFileSync(modelPath));
const size = session.inputMetadata[1].shape[2];

const step = (audio, embeddings) =>
  session.run({
    audio: new ort.Tensor("float32", audio, [1, audio.length]),
    embeddings: new ort.Tensor("float32", embeddings, [1, embeddings.length / size, size]),
  });
const write = (floats) => {
  const left = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  for (let done = 0; done < left.length; ) done += writeSync(1, left, done);
};

// Before the source there is silence: one embedding of it, as often as a window may need.
const silent = (await step(new Float32Array(context + frame), new Float32Array(0))).embeddings_out.data;
let embeddings = new Float32Array((window + grid) * size).map((_, index) => silent[index % size]);
const audio = new Float32Array(context + sound.length);
audio.set(sound, context);
for (let done = hop; done * frame <= sound.length; done += hop) {
  const first = done - window; // of the window, then back to the head's grid
  const old = window - hop + (((first % grid) + grid) % grid);
  const fresh = audio.slice((done - hop) * frame, context + done * frame);
  const said = await step(fresh, embeddings.slice(embeddings.length - old * size));
  embeddings = said.embeddings_out.data;
  const [, frames, classes] = said.scores.dims;
  const emitted = Math.min(hop, Math.max(0, done - lookahead));
  write(said.scores.data.slice((frames - lookahead - emitted) * classes, (frames - lookahead) * classes));
}
