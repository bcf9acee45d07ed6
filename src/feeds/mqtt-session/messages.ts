/** The messages that a call sends to an MQTT broker or gets from it, and what became of them. Types alone. */
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
  /** A value that is sent as JSON, a text, or a number, as the topic's rule says. */
  payload: unknown;
  /** At 1 the broker acknowledges the message. Default: as the rule says. */
  qos?: 0 | 1;
  /** True: the broker keeps the message for those who subscribe later. The rule has to allow it. */
  retain?: boolean;
  /** MQTT 5. */
  contentType?: string;
  /** After how long the broker drops the message undelivered; MQTT 5. */
  expirySeconds?: number;
  /** MQTT 5. */
  userProperties?: Readonly<Record<string, string>>;
}

/** A message to publish that asks for answers. */
export interface MqttRequest extends Omit<MqttMessage, 'retain'> {
  /** The topic of the answers, if the rule leaves it open. Default: what the rule makes of the topic. */
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

/** A message that came from the broker. */
export interface MqttInbound extends InboundMessage {
  topic: string;
  /** True: the broker had kept the message from before. */
  retained: boolean;
  contentType?: string;
  userProperties?: Record<string, string>;
}

export interface MqttOutcome extends PublishOutcome {
  topic: string;
  qos: 0 | 1;
  retained: boolean;
  /** Bytes of the payload. */
  bytes: number;
}

export interface MqttRequestOutcome extends RequestOutcome {
  published: MqttOutcome;
  /** The topic or filter on which the call waited for answers. */
  responseTopic: string;
  answers: MqttInbound[];
}

export interface MqttReceiveOutcome extends ReceiveOutcome {
  messages: MqttInbound[];
}

/** The types of what `mqtt` sends and answers, for `feeds.publish` and its like. */
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
