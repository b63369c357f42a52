/** What an app's type says about names, payloads and methods. Types only. */
import type { ChannelTypes, Kind, TypedApp } from "../protocol/index.js";

type TypesOf<App extends TypedApp> = NonNullable<App["~types"]>;
export type ChannelsOf<App extends TypedApp> = TypesOf<App>["channels"];
export type MethodsOf<App extends TypedApp> = TypesOf<App>["methods"];

type Channels = { readonly [pattern: string]: ChannelTypes };

/** The patterns whose channels are of this kind; any text where the app is not known. */
export type PatternOf<All extends Channels, K extends Kind> = {
  [Pattern in keyof All & string]: K extends All[Pattern]["kind"] ? Pattern : never;
}[keyof All & string];

/** `Name` itself where a channel of this kind can have it; otherwise a text that says what is wrong. */
export type CheckName<All extends Channels, K extends Kind, Name extends string> = string extends keyof All
  ? Name
  : string extends Name
    ? "a name known only at run time cannot be checked: give its pattern and parameters"
    : Name extends `:${string}` | `${string}/:${string}`
      ? `the pattern "${Name}" needs its parameters`
      : [PatternFor<All, Name>] extends [never]
        ? `no channel pattern matches "${Name}"`
        : K extends All[PatternFor<All, Name>]["kind"]
          ? Name
          : `"${Name}" is not a ${K} channel`;

/** The channel that a name means: a pattern without parameters beats the others. */
export type ChannelFor<All extends Channels, Name extends string> = string extends keyof All
  ? ChannelTypes
  : All[PatternFor<All, Name>];

type PatternFor<All extends Channels, Name extends string> = Name extends keyof All
  ? Name
  : MatchingPattern<keyof All & string, Name>;

type MatchingPattern<Pattern extends string, Name extends string> = Pattern extends string
  ? Matches<Pattern, Name> extends true
    ? Pattern
    : never
  : never;

/** Segment by segment: `chat/${string}` would match "chat/a/b" too. */
type Matches<
  Pattern extends string,
  Name extends string,
> = Pattern extends `${infer PatternHead}/${infer PatternTail}`
  ? Name extends `${infer NameHead}/${infer NameTail}`
    ? MatchesSegment<PatternHead, NameHead> extends true
      ? Matches<PatternTail, NameTail>
      : false
    : false
  : Name extends `${string}/${string}`
    ? false
    : MatchesSegment<Pattern, Name>;

type MatchesSegment<Pattern extends string, Name extends string> = Name extends ""
  ? false
  : Pattern extends `:${string}`
    ? true
    : Name extends Pattern
      ? true
      : false;

/** A call's second argument, which may be left out where the method takes nothing. */
export type CallArguments<Input> = undefined extends Input ? [data?: Input] : [data: Input];
