/* What goes over the pane's channel. Written by tools/channel_contract.py out of the server's models. */

/** The page's script is alive; every `heartbeat` seconds. */
export type Beat = {
  id: string;
  type: "beat";
};

/** A call is new or changed. */
export type CallChanged = {
  call: CallShown;
};

/** End a call that the phone in this pane cannot end by itself. */
export type CallDrop = {
  id: string;
  type: "call.drop";
  callsId: number;
};

/** A record was shown for a call. */
export type CallPopped = {
  id: string;
  type: "call.popped";
  recordId: string;
  callsId?: number | null;
  sipCallId?: string | null;
};

/** Tie a call to a record, or to none. */
export type CallRelate = {
  id: string;
  type: "call.relate";
  callId: string;
  sipCallId?: string | null;
  record: NamedRecord | null;
};

/** What the phone in this pane saw of a call: named by its SIP dialog, or by FCC's id where it was told that. */
export type CallReport = {
  id: string;
  type: "call.report";
  sipCallId?: string | null;
  callsId?: number | null;
  kind: "dialled" | "ringing" | "answered" | "held" | "resumed" | "ended";
  direction: "inbound" | "outbound";
  number: string;
  at: string;
  dialId?: string | null;
  sipStatus?: number | null;
  cause?: string | null;
  by?: "agent" | "far" | null;
};

/** A call as one agent's panes show it. */
export type CallShown = {
  callId: string;
  callsId: number | null;
  sipCallId: string | null;
  direction: Direction;
  number: string;
  displayNumber: string;
  withheld: boolean;
  state: State;
  startedAt: string | null;
  answeredAt: string | null;
  endedAt: string | null;
  outcome: Outcome | null;
  disconnectedBy: string | null;
  campaign: string | null;
  ivr: string | null;
  party: RecordShown | null;
  searching: boolean;
  candidates: Array<RecordShown>;
  related: RelatedShown | null;
  log: LogShown;
};

/** What the agent can do changed. */
export type CapabilitiesShown = {
  canDial: boolean;
  missing: Array<Problem>;
};

/** The Salesforce record a number was clicked on. */
export type ClickedRecord = {
  recordId: string;
  objectType: string;
  recordName?: string | null;
  accountId?: string | null;
  contactId?: string | null;
  personAccount?: boolean;
};

/** What the phone signs in to FCC with; `kind`: of phone, as the pane names it. */
export type Credentials = {
  kind: "sip";
  uri: string;
  username: string;
  password: string;
  expiresAt: string | null;
  iceServers: Array<unknown>;
};

/** Ring a number, as it was clicked or typed. */
export type Dial = {
  id: string;
  type: "dial";
  number: string;
  record: ClickedRecord | null;
};

/** Ring this number for another pane; sent to the leader. */
export type DialRequest = {
  dialId: string;
  number: string;
  record: ClickedRecord | null;
};

/** The dial's name, the number as the phone rings it, and as a person reads it. */
export type Dialled = {
  dialId: string;
  number: string;
  display: string;
};

/** Seen from the call centre. */
export type Direction = "inbound" | "outbound" | "internal";

/** A person is in this pane. */
export type Focus = {
  id: string;
  type: "focus";
};

/** Where the event log stands, how the pane stands, and how often its script is to say that it lives, in seconds. */
export type Greeting = {
  seq: number;
  leader: boolean;
  fence: number;
  heartbeat: number;
};

/** First message of a connection. */
export type Hello = {
  id: string;
  type: "hello";
  pane: string;
  lastSeq: number | null;
  focused: boolean;
};

/** Who holds the phone changed: whether this pane does now. */
export type LeaderChanged = {
  leader: boolean;
  fence: number;
};

/** Bring the phone into this pane. */
export type LeaderTake = {
  id: string;
  type: "leader.take";
};

/** How a call's Task stands. */
export type LogShown = {
  state: "none" | "waiting" | "saved" | "failed";
  taskId: string | null;
  code: string | null;
};

/** A Salesforce record, by what it takes to ask for it. */
export type NamedRecord = {
  recordId: string;
  objectType: string;
};

/** Done, and there is no more to say. */
export type Nothing = Record<string, never>;

/** Something the agent should know. */
export type Notice = {
  code: string;
  message: string;
};

/** The four ways a call ends, in FCC's own words. ANSWERED means: a conversation took place and is over. */
export type Outcome = "ANSWERED" | "BUSY" | "NO ANSWER" | "FAILED";

/** What the phone signs in with; the leader only. */
export type PhoneCredentials = {
  id: string;
  type: "phone.credentials";
  fence: number;
};

/** The phone of this pane is signed in to FCC again, after it was not. */
export type PhoneRegistered = {
  id: string;
  type: "phone.registered";
};

/** Show this record; sent to the pane focused last, and to no other. */
export type Pop = {
  callId: string;
  recordId: string;
  objectType: string;
  reason: string | null;
};

/** The agent's status changed. */
export type PresenceChanged = {
  presence: PresenceShown;
};

/** The kinds of status. Tenants name their own statuses; each belongs to one of these. */
export type PresenceClass = "ready" | "notready" | "busy" | "wrap" | "pause";

/** Ask FCC for a status. */
export type PresenceSet = {
  id: string;
  type: "presence.set";
  statusId: number;
};

/** What FCC made of it. */
export type PresenceSetTo = {
  presence: PresenceShown;
};

/** What an agent is doing, since when, and until when where FCC ends it by itself. */
export type PresenceShown = {
  id: number;
  class: PresenceClass;
  name: string;
  since: string;
  until: string | null;
};

/** Why something can't be done: a stable code, and a sentence in the agent's language. */
export type Problem = {
  code: string;
  message: string;
};

/** A Salesforce record and why it was found. */
export type RecordShown = {
  recordId: string;
  objectType: string;
  name: string;
  reason: string | null;
};

/** Whom and what a call's Task points at. */
export type RelatedShown = {
  whoId: string | null;
  whatId: string | null;
  name: string | null;
};

/** The session's new token, and for how many seconds it opens it. */
export type Renewed = {
  session: string;
  expiresIn: number;
};

/** The session ends in so many seconds. */
export type SessionExpiring = {
  in: number;
};

/** Prolong the session with a fresh signed request. */
export type SessionRenew = {
  id: string;
  type: "session.renew";
  signedRequest: string;
};

/** A ticket for the phone's socket; the leader only. */
export type SipTicket = {
  id: string;
  type: "sip.ticket";
  fence: number;
};

/** Everything as it is now; replaces what the pane knew. */
export type Snapshot = {
  presence: PresenceShown | null;
  statuses: Array<StatusShown>;
  calls: Array<CallShown>;
  capabilities: CapabilitiesShown;
  leader: boolean;
  fence: number;
};

/** Where a call or one agent's leg of it stands. */
export type State = "ringing" | "talking" | "held" | "ended";

/** One status that an agent may have; `name` is the tenant's own word. */
export type StatusShown = {
  id: number;
  class: PresenceClass;
  name: string;
};

/** The tenant's statuses, where they are others than the pane was given. */
export type StatusesChanged = {
  statuses: Array<StatusShown>;
};

/** The fencing number of the new lead. */
export type Taken = {
  fence: number;
};

/** What opens the phone's socket once, within so many seconds. */
export type Ticket = {
  ticket: string;
  expiresIn: number;
};

/** The fields of each command beside its id and type. */
export interface Commands {
  "hello": Omit<Hello, "id" | "type">;
  "beat": Omit<Beat, "id" | "type">;
  "focus": Omit<Focus, "id" | "type">;
  "leader.take": Omit<LeaderTake, "id" | "type">;
  "presence.set": Omit<PresenceSet, "id" | "type">;
  "phone.credentials": Omit<PhoneCredentials, "id" | "type">;
  "phone.registered": Omit<PhoneRegistered, "id" | "type">;
  "sip.ticket": Omit<SipTicket, "id" | "type">;
  "dial": Omit<Dial, "id" | "type">;
  "call.drop": Omit<CallDrop, "id" | "type">;
  "call.report": Omit<CallReport, "id" | "type">;
  "call.popped": Omit<CallPopped, "id" | "type">;
  "call.relate": Omit<CallRelate, "id" | "type">;
  "session.renew": Omit<SessionRenew, "id" | "type">;
}

/** What each command is answered with. */
export interface Answers {
  "hello": Greeting;
  "beat": Nothing;
  "focus": Nothing;
  "leader.take": Taken;
  "presence.set": PresenceSetTo;
  "phone.credentials": Credentials;
  "phone.registered": Nothing;
  "sip.ticket": Ticket;
  "dial": Dialled;
  "call.drop": Nothing;
  "call.report": Nothing;
  "call.popped": Nothing;
  "call.relate": Nothing;
  "session.renew": Renewed;
}

export type Told<T extends string, Fields> = Fields & { seq: number; type: T; at: string };

/** What panes are told. */
export type ChannelEvent =
  | Told<"snapshot", Snapshot>
  | Told<"presence", PresenceChanged>
  | Told<"statuses", StatusesChanged>
  | Told<"call", CallChanged>
  | Told<"pop", Pop>
  | Told<"dial.request", DialRequest>
  | Told<"leader", LeaderChanged>
  | Told<"capabilities", CapabilitiesShown>
  | Told<"session.expiring", SessionExpiring>
  | Told<"notice", Notice>;
