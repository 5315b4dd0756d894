// What the scripts of webmail/static/webmail/js share: their events, and elements found by a selector.

type Mapped = HTMLElementTagNameMap;
type Before<S extends string, Mark extends string> = S extends `${infer Head}${Mark}${string}`
  ? Head
  : S;
type Compound<S extends string> = S extends `${string} ${infer Rest}` ? Compound<Rest> : S;
type Tag<S extends string> = Before<Before<Before<Before<Compound<S>, "[">, ".">, "#">, ":">;
type Field<S extends string> = S extends `${string}[type=submit]${string}`
  ? HTMLButtonElement
  : S extends `${string}${"[name=" | "[type=" | ":checked"}${string}`
    ? HTMLInputElement
    : HTMLElement;

/** Elements that scripts name by their id, where they are more than an HTMLElement. */
interface ElementsById {
  "act-form": HTMLFormElement;
  "answers-again": HTMLTemplateElement;
  "choice-find": HTMLInputElement;
  "composer-pane": HTMLTemplateElement;
  "discard-dialog": HTMLDialogElement;
  "folder-form": HTMLFormElement;
  id_subject: HTMLInputElement;
  "keeping-choice": HTMLDialogElement;
  "keeping-restored": HTMLTemplateElement;
  "kept-icon": HTMLTemplateElement;
  keys: HTMLDialogElement;
  "kept-here": HTMLTemplateElement;
  "link-dialog": HTMLDialogElement;
  "plain-dialog": HTMLDialogElement;
  "recipient-option": HTMLTemplateElement;
  reenter: HTMLDialogElement;
  retry: HTMLTemplateElement;
  "search-text": HTMLInputElement;
  "sketch-list": HTMLTemplateElement;
  "sketch-message": HTMLTemplateElement;
  "upload-refused": HTMLTemplateElement;
  "upload-row": HTMLTemplateElement;
}

/** The same for elements that scripts name by a mark. */
interface ElementsByMark {
  ".ask-list": HTMLSelectElement;
  ".branch": HTMLDetailsElement;
  "[data-keep-nothing]": HTMLFormElement;
  "[data-master]": HTMLInputElement;
  "[data-password-form]": HTMLFormElement;
  "[data-picture]": HTMLImageElement;
  "[data-question]": HTMLDialogElement;
  "[data-kept-open]": HTMLAnchorElement;
  "[data-other]": HTMLAnchorElement;
  "[data-refresh]": HTMLAnchorElement;
  "[data-sign-in]": HTMLFormElement;
  "[data-viewer-close]": HTMLAnchorElement;
}

type ById<Id extends string> = Id extends keyof ElementsById ? ElementsById[Id] : HTMLElement;
type ByMark<S extends string> = S extends keyof ElementsByMark ? ElementsByMark[S] : Field<S>;

/** The element that a selector finds: by its tag, its id or its mark, else a field for `[name=…]`. Pages are HTML. */
type Selected<S extends string> = S extends `${string},${string}`
  ? HTMLElement
  : Tag<S> extends keyof Mapped
    ? Mapped[Tag<S>]
    : Compound<S> extends `#${infer Id}`
      ? ById<Id>
      : ByMark<Compound<S>>;

interface Document {
  readonly activeElement: HTMLElement;
  getElementById<Id extends string>(id: Id): ById<Id>;
}

interface DocumentFragment {
  readonly firstElementChild: HTMLElement;
  cloneNode(deep?: boolean): DocumentFragment;
}

interface CustomEvent<T> {
  readonly target: HTMLElement;
}

/** Fields that scripts name. */
interface HTMLFormControlsCollection {
  readonly again: HTMLInputElement;
  readonly columns: RadioNodeList & Iterable<HTMLInputElement>;
  readonly folder: HTMLInputElement;
  readonly new: HTMLInputElement;
  readonly next: HTMLInputElement;
  readonly old: HTMLInputElement;
  readonly origin_ref: HTMLInputElement;
  readonly order: HTMLInputElement;
  readonly password: HTMLInputElement;
  readonly subject: HTMLInputElement;
  readonly to: HTMLInputElement;
}

/** Values that scripts keep at an element. */
interface HTMLElement {
  offer?: HTMLElement;
  opener?: HTMLElement;
}

interface HTMLSelectElement {
  folders?: Element[];
}

interface ParentNode {
  querySelector<S extends string>(selectors: S): Selected<S>;
  querySelectorAll<S extends string>(selectors: S): NodeListOf<Selected<S>>;
}

interface Element {
  cloneNode(deep?: boolean): this;
  closest<S extends string>(selectors: S): Selected<S>;
}

/** Pointers and keys meet elements. */
interface UIEvent {
  readonly target: HTMLElement;
}

/** The message, or the conversation, in which a change of the mailbox was seen. */
interface ChangedMessage {
  ref: string;
}

/** A person with the words that are written, or a group with its members. */
interface TakenRecipient {
  name?: string;
  text?: string;
  members?: string[];
}

/** What the recipients of a message are, in numbers; `outsiders` are their addresses where all are from outside. */
interface RecipientCounts {
  people: number;
  outsiders: string[];
  seen_groups: number;
  unreached: number;
  outside: number;
  seen: number;
  slips: number;
  wrong: number;
}

/** The events of our own, by name: what `detail` holds. */
interface OwnEvents {
  "composer:ready": { editor: object };
  "documents:changed": undefined;
  "draft:changed": { isUrgent?: boolean } | undefined;
  "draft:elsewhere": { url: string };
  "draft:removed": string;
  "draft:saved": object;
  "mail:acted": { changesConversation: boolean };
  "mail:changed": { changed: ChangedMessage[] };
  "mail:refresh": undefined;
  "mail:sent": undefined;
  "recipient:gone": { name: string };
  "recipient:taken": TakenRecipient;
  "recipients:changed": RecipientCounts;
  "server:unreached": undefined;
  "session:over": undefined;
  "session:renewed": undefined;
}

/** What htmx tells of a request, by the names of its documentation. */
interface HtmxDetail {
  elt: HTMLElement;
  target: HTMLElement;
  xhr: XMLHttpRequest;
  requestConfig: HtmxRequest;
  successful: boolean;
  failed: boolean;
  isError: boolean;
  shouldSwap: boolean;
  serverResponse: string;
  fragment: DocumentFragment;
  parameters: Record<string, string>;
  headers: Record<string, string>;
  path: string;
  verb: string;
  question: string;
  issueRequest: (skipsQuestion?: boolean) => void;
}

interface HtmxRequest {
  verb: string;
  path: string;
  elt: HTMLElement;
  target: HTMLElement;
  triggeringEvent: Event;
  formData: FormData;
  /** When notices.js saw the request leave. */
  asked?: number;
  parameters: Record<string, string>;
  headers: Record<string, string>;
}

type HtmxName =
  | "abort"
  | "afterRequest"
  | "afterSettle"
  | "afterSwap"
  | "beforeOnLoad"
  | "beforeRequest"
  | "beforeSend"
  | "beforeSwap"
  | "configRequest"
  | "confirm"
  | "load"
  | "oobBeforeSwap"
  | "pushedIntoHistory"
  | "replacedInHistory"
  | "responseError"
  | "sendError";

type PageEvents = { [Name in keyof OwnEvents]: CustomEvent<OwnEvents[Name]> } & {
  [Name in `htmx:${HtmxName}`]: CustomEvent<HtmxDetail>;
};

interface EventsByName extends PageEvents {}
interface DocumentEventMap extends EventsByName {}
interface HTMLElementEventMap extends EventsByName {}

interface Htmx {
  ajax(verb: string, path: string, context: object | string | Element): Promise<void>;
  process(element: Element): void;
  trigger(element: Element | string, name: string, detail?: object): boolean;
  swap(target: Element | string, content: string, how: object, options?: object): void;
}

declare const htmx: Htmx;

interface Window {
  htmx: Htmx;
}

interface Navigator {
  readonly connection?: { readonly saveData: boolean };
}

interface FocusOptions {
  focusVisible?: boolean;
}

/** What main.js asks of a module: `start` once, and `load` for each part that is swapped in. */
interface Module {
  start?: () => void;
  load?: (root: HTMLElement) => void;
}
