/** What is sent to an MQTT broker and comes from it at once, and what became of it. Types alone. */
import type {
  InboundMessage,
  OutletTypes,
  PublishOutcome,
  ReceiveOutcome,
  RequestOutcome,
} from '../../declare/app-feeds.ts';

/** One message to publish. */
export interface MqttMessage {
  topic: string;
  /** What the topic's rule says: a value that is sent as JSON, a text, or a number. */
  payload: unknown;
  /** Default: as the rule says. 1: the broker acknowledges it. */
  qos?: 0 | 1;
  /** The broker keeps it for those who subscribe later; only where the rule allows it. */
  retain?: boolean;
  /** MQTT 5. */
  contentType?: string;
  /** After how long the broker drops it undelivered; MQTT 5. */
  expirySeconds?: number;
  /** MQTT 5. */
  userProperties?: Readonly<Record<string, string>>;
}

/** A message that is answered. */
export interface MqttRequest extends Omit<MqttMessage, 'retain'> {
  /** Where the answer comes, where the rule leaves that open. Default: what the rule makes of the topic. */
  responseTopic?: string;
  /** How many answers to wait for, 1 to 100; default 1. */
  answers?: number;
  /** From 1 to 25,000; default 5,000. */
  timeoutMs?: number;
}

/** What to listen for. */
export interface MqttListening {
  /** A topic filter within the rights of reading. */
  topic: string;
  /** How many messages to wait for, 1 to 1,000; default 1. */
  messages?: number;
  /** From 1 to 60,000, and not beyond the request's own deadline; default 5,000. */
  timeoutMs?: number;
}

/** A message that came. */
export interface MqttInbound extends InboundMessage {
  topic: string;
  /** The broker kept it from before. */
  retained: boolean;
  contentType?: string;
  userProperties?: Record<string, string>;
}

export interface MqttOutcome extends PublishOutcome {
  topic: string;
  qos: 0 | 1;
  retained: boolean;
  /** Of the payload. */
  bytes: number;
}

export interface MqttRequestOutcome extends RequestOutcome {
  published: MqttOutcome;
  /** Where answers were waited for. */
  responseTopic: string;
  answers: MqttInbound[];
}

export interface MqttReceiveOutcome extends ReceiveOutcome {
  messages: MqttInbound[];
}

/** What `mqtt` sends and answers, for `feeds.publish` and its like. */
export interface MqttOutlet extends OutletTypes {
  message: MqttMessage;
  request: MqttRequest;
  wanted: MqttListening;
  outcome: MqttOutcome;
  answer: MqttRequestOutcome;
  heard: MqttReceiveOutcome;
}

/** @deprecated `MqttMessage` is its name. */
export type OutboundMessage = MqttMessage;
/** @deprecated `MqttRequest` is its name. */
export type OutboundRequest = MqttRequest;
/** @deprecated `MqttListening` is its name. */
export type ReceiveOptions = MqttListening;
