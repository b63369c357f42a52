/** Rooms, over a client of `tidemark/client`: to play in them, to watch them, and the parts that this is made of. */
export { TickClock } from "./clock.js";
export { Drift, type DriftClass } from "./drift.js";
export { Inputs, type Pending } from "./inputs.js";
export { Interpolation, type InterpolationOptions } from "./interpolate.js";
export type { Fields, TableChange } from "./moving.js";
export { Pace } from "./pace.js";
export { play } from "./play.js";
export { Prediction, type PredictionOptions, type Step } from "./predict.js";
export { Scene, type Rows, type SceneFrame, type SceneOptions, type SceneTable } from "./scene.js";
export { Spawns, type SpawnsOptions } from "./spawns.js";
export type {
  Game,
  GameEvents,
  GameLink,
  GameOf,
  Left,
  PlayOptions,
  PlayerOptions,
  Refused,
  Resumed,
  SpectatorOptions,
} from "./types.js";
