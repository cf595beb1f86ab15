// A mail server for tests that does what the recipient's name says: `greylist-2@` is refused twice,
// `gone@` does not exist, and so on; any other recipient gets the message.
//
//   SMTP_SERVER='{"port": 0, ...}' node server.mjs
//
// The options are in `options` below. Prints a line of JSON for everything that happens: first
// {"event":"listening","port":...}, then "connection", "login", "hanging", "message",
// "closed" (a connection) and "dropped".
// Reads commands from standard input: "drop" closes all connections, "sync" is answered by "synced".
// Ends with its standard input.

import { createInterface } from "node:readline";
import { SMTPServer } from "smtp-server";

const options = {
  port: 0,
  // PEM. Without a key there is no TLS.
  key: "",
  cert: "",
  // TLS from the first byte, instead of STARTTLS.
  secure: false,
  // Whether it takes addresses with letters beyond ASCII.
  smtputf8: true,
  // A login is required if there is a password.
  username: "",
  password: "",
  methods: ["PLAIN", "LOGIN"],
  // An answer to every connection instead of a greeting: "554 5.3.2 Closed", or "hang".
  greeting: "",
  ...JSON.parse(process.env.SMTP_SERVER ?? "{}"),
};

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** "550 5.1.1 No such user" as the error that makes the server answer so. */
function answer(text) {
  const error = new Error(text.slice(4));
  error.responseCode = Number(text.slice(0, 3));
  return error;
}

// What the names say, at RCPT TO and after the message.
const AT_RCPT = {
  gone: "550 5.1.1 No such user here",
  "gone-without-code": "550 User unknown",
  policy: "550 5.7.1 Message refused by policy",
  "relay-denied": "550 relay not permitted",
  full: "452 4.2.2 Mailbox full",
  "over-quota": "552 5.2.2 Mailbox is over its quota",
  closing: "421 4.3.2 Shutting down",
  login: "530 5.7.0 Authentication required",
};
const AFTER_DATA = {
  "refused-after-data": "554 5.6.0 Message refused as spam",
  "later-after-data": "451 4.3.0 Try again later",
};

const tries = new Map();
/** How often this was asked before. */
function count(what) {
  const before = tries.get(what) ?? 0;
  tries.set(what, before + 1);
  return before;
}

const local = (address) => address.slice(0, address.lastIndexOf("@"));

function cut(session) {
  for (const connection of server.connections) {
    if (connection.id === session.id) connection._socket.destroy();
  }
}

const server = new SMTPServer({
  name: "mail.test",
  key: options.key || undefined,
  cert: options.cert || undefined,
  secure: options.secure,
  hideSMTPUTF8: !options.smtputf8,
  disabledCommands: [
    ...(options.key && !options.secure ? [] : ["STARTTLS"]),
    ...(options.password ? [] : ["AUTH"]),
  ],
  authOptional: !options.password,
  authMethods: options.methods,
  disableReverseLookup: true,
  socketTimeout: 600_000,
  closeTimeout: 0,
  lenientAddressParsing: true,
  logger: false,

  onConnect(session, done) {
    say({ event: "connection" });
    if (options.greeting === "hang") return say({ event: "hanging" });
    done(options.greeting ? answer(options.greeting) : undefined);
  },

  onClose() {
    say({ event: "closed" });
  },

  onAuth(auth, _session, done) {
    const { method, username, password, accessToken } = auth;
    const matches =
      username === options.username && (password ?? accessToken) === options.password;
    say({ event: "login", method, matches });
    if (matches) done(null, { user: username });
    // Some servers repeat what they were sent.
    else done(answer(`535 5.7.8 Wrong password ${password ?? accessToken}`));
  },

  onRcptTo({ address }, _session, done) {
    const name = local(address);
    const [, times] = /^greylist-(\d+)$/.exec(name) ?? [];
    if (times && count(address) < Number(times)) {
      return done(answer("450 4.7.1 Greylisted, try again later"));
    }
    if (name === "hang-at-rcpt") return say({ event: "hanging" });
    if (AT_RCPT[name]) return done(answer(AT_RCPT[name].replace("user", `user <${address}>`)));
    done();
  },

  onData(stream, session, done) {
    const { mailFrom, rcptTo, smtpUtf8 } = session.envelope;
    const to = rcptTo[0].address;
    const name = local(to);
    if (name === "cut-in-data") return stream.once("data", () => cut(session));
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => {
      const raw = Buffer.concat(chunks).toString();
      const taken = !AFTER_DATA[name];
      if (taken) {
        say({
          event: "message",
          from: mailFrom.address,
          to,
          smtpUtf8: Boolean(smtpUtf8),
          secure: session.secure,
          raw,
        });
      }
      if (name === "hang-after-data") return say({ event: "hanging" });
      if (name === "cut-after-data") return cut(session);
      if (name === "cut-once-after-data" && count(to) === 0) return cut(session);
      if (taken) done(null, `2.0.0 Ok: queued as Q${count("queued") + 1000}`);
      else done(answer(AFTER_DATA[name]));
    });
  },
});

// A client that goes away in the middle is none of the server's business.
server.on("error", () => {});
server.listen(options.port, "127.0.0.1", () => {
  say({ event: "listening", port: server.server.address().port });
});

const commands = createInterface({ input: process.stdin });
commands.on("line", (line) => {
  if (line === "sync") say({ event: "synced" });
  if (line !== "drop") return;
  for (const connection of server.connections) connection._socket.destroy();
  say({ event: "dropped" });
});
commands.on("close", () => process.exit(0));
