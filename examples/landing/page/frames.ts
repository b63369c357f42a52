/** Frames to type by hand, in the order in which they make sense. */

export interface SampleFrame {
  readonly frame: string;
  readonly about: string;
}

export const SAMPLE_FRAMES: readonly SampleFrame[] = [
  { frame: '{"id":1,"connect":{}}', about: "say hello, as nobody in particular" },
  {
    frame: '{"id":2,"subscribe":"chat/general","last":5}',
    about: "listen to a channel, from five messages back",
  },
  {
    frame: '{"id":3,"publish":"chat/general","data":{"text":"hi"}}',
    about: "say something to everyone there",
  },
];
