//! What a client's message says. Nothing in it is trusted: a message is as long as the socket allows, is read a command at
//! a time, and what a command holds is no longer than its line.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// A line of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `{}`: the answer to a ping.
    Pong,
    /// What is to be answered under the same number.
    Request {
        /// The client's number for it, never 0.
        id: u32,
        request: Request,
    },
    /// `send`: what wants no answer.
    Send,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Connect {
        /// Empty where there is none.
        token: String,
    },
    Subscribe {
        channel: String,
        /// A JSON document, or empty.
        data: String,
    },
    Unsubscribe {
        channel: String,
    },
    Publish {
        channel: String,
        /// A JSON document.
        data: String,
    },
    Rpc,
    /// Presence, history and the refreshing of tokens, which are not kept here.
    NotAvailable,
}

/// A message that no client of this protocol sends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a malformed command: {0}")]
pub(crate) struct Malformed(String);

/// The commands of one message, read one by one, so that a message of many takes no more memory than itself.
#[derive(Debug)]
pub(crate) struct Commands<M> {
    message: M,
    /// Where the next line begins.
    at: usize,
}

impl<M: AsRef<[u8]>> Commands<M> {
    pub(crate) fn of(message: M) -> Self {
        Self { message, at: 0 }
    }
}

impl<M: AsRef<[u8]>> Iterator for Commands<M> {
    type Item = Result<Command, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let is_first = self.at == 0;
            let left = self.message.as_ref().get(self.at..)?;
            let length = left.iter().position(|byte| *byte == b'\n');
            let line = left.get(..length.unwrap_or(left.len())).unwrap_or_default();
            // One beyond the end says that the last line was read: an empty message has one, too.
            self.at = self.at.saturating_add(line.len()).saturating_add(1);
            if !line.trim_ascii().is_empty() {
                return Some(read(line));
            }
            if is_first && length.is_none() {
                return Some(Err(Malformed("the message is empty".to_owned())));
            }
        }
    }
}

/// A line as it is written. `Some` is what is there, whatever it holds.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    id: u32,
    connect: Option<ConnectLine>,
    #[serde(borrow)]
    subscribe: Option<ChannelLine<'a>>,
    unsubscribe: Option<ChannelLine<'a>>,
    publish: Option<ChannelLine<'a>>,
    presence: Option<IgnoredAny>,
    presence_stats: Option<IgnoredAny>,
    history: Option<IgnoredAny>,
    rpc: Option<IgnoredAny>,
    send: Option<IgnoredAny>,
    refresh: Option<IgnoredAny>,
    sub_refresh: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConnectLine {
    token: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChannelLine<'a> {
    channel: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl ChannelLine<'_> {
    fn channel(&self) -> Result<String, Malformed> {
        let named = Some(self.channel.clone()).filter(|channel| !channel.is_empty());
        named.ok_or_else(|| Malformed("it names no channel".to_owned()))
    }

    /// Empty where there is none.
    fn data(&self) -> String {
        self.data.map(RawValue::get).filter(|data| *data != "null").unwrap_or_default().to_owned()
    }
}

fn read(line: &[u8]) -> Result<Command, Malformed> {
    // An array would be read as an object whose keys are left out.
    if line.trim_ascii_start().first() != Some(&b'{') {
        return Err(Malformed("it is no JSON object".to_owned()));
    }
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| Malformed(error.to_string()))?;
    let id = line.id;
    let Some(request) = request(&line)? else {
        return match (id, &line.send) {
            (_, Some(_)) => Ok(Command::Send),
            (0, None) => Ok(Command::Pong),
            (_, None) => Err(Malformed(format!("command {id} asks for nothing that is known"))),
        };
    };
    if id == 0 {
        return Err(Malformed("a command without an id, which is a whole number from 1 up".to_owned()));
    }
    Ok(Command::Request { id, request })
}

/// What is asked for: the first of what a line holds, as the library takes it.
fn request(line: &Line<'_>) -> Result<Option<Request>, Malformed> {
    if let Some(connect) = &line.connect {
        return Ok(Some(Request::Connect { token: connect.token.clone() }));
    }
    if let Some(asked) = &line.subscribe {
        return Ok(Some(Request::Subscribe { channel: asked.channel()?, data: asked.data() }));
    }
    if let Some(asked) = &line.unsubscribe {
        return Ok(Some(Request::Unsubscribe { channel: asked.channel()? }));
    }
    if let Some(asked) = &line.publish {
        let data = asked.data();
        let data = if data.is_empty() { "null".to_owned() } else { data };
        return Ok(Some(Request::Publish { channel: asked.channel()?, data }));
    }
    let not_kept = [&line.presence, &line.presence_stats, &line.history, &line.refresh, &line.sub_refresh];
    if not_kept.iter().any(|asked| asked.is_some()) {
        return Ok(Some(Request::NotAvailable));
    }
    Ok(line.rpc.map(|_| Request::Rpc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(message: &str) -> Vec<Result<Command, Malformed>> {
        Commands::of(message).collect()
    }

    fn asked(id: u32, request: Request) -> Result<Command, Malformed> {
        Ok(Command::Request { id, request })
    }

    #[test]
    fn what_the_client_library_sends_is_read() {
        let (channel, path) = (|| "1/ds/uid/path".to_owned(), r#""channel":"1/ds/uid/path""#);
        for (message, expected) in [
            (r#"{"connect":{"name":"js"},"id":1}"#.to_owned(), asked(1, Request::Connect { token: String::new() })),
            (r#"{"id":1,"connect":{"token":"t"}}"#.to_owned(), asked(1, Request::Connect { token: "t".to_owned() })),
            (
                format!(r#"{{"subscribe":{{{path},"flag":1,"data":{{"a": [1]}}}},"id":2}}"#),
                asked(2, Request::Subscribe { channel: channel(), data: r#"{"a": [1]}"#.to_owned() }),
            ),
            (
                format!(r#"{{"subscribe":{{{path},"data":null}},"id":2}}"#),
                asked(2, Request::Subscribe { channel: channel(), data: String::new() }),
            ),
            (format!(r#"{{"unsubscribe":{{{path}}},"id":3}}"#), asked(3, Request::Unsubscribe { channel: channel() })),
            (
                format!(r#"{{"publish":{{{path},"data":null}},"id":4}}"#),
                asked(4, Request::Publish { channel: channel(), data: "null".to_owned() }),
            ),
            (r#"{"rpc":{"method":"m","data":{}},"id":5}"#.to_owned(), asked(5, Request::Rpc)),
            (format!(r#"{{"history":{{{path}}},"id":6}}"#), asked(6, Request::NotAvailable)),
            (format!(r#"{{"presence_stats":{{{path}}},"id":7}}"#), asked(7, Request::NotAvailable)),
            (r#"{"send":{"data":1}}"#.to_owned(), Ok(Command::Send)),
            ("{}".to_owned(), Ok(Command::Pong)),
        ] {
            assert_eq!(all(&message), [expected], "{message}");
        }
    }

    #[test]
    fn a_message_holds_a_command_a_line() {
        let message = "{\"id\":1,\"rpc\":{}}\n{}\r\n\n{\"id\":2,\"rpc\":{}}\n";
        assert_eq!(all(message), [asked(1, Request::Rpc), Ok(Command::Pong), asked(2, Request::Rpc)]);
    }

    #[test]
    fn malformed_commands_are_told_from_good_ones_and_nothing_panics() {
        let deep = format!(r#"{{"id":1,"subscribe":{{"channel":"a","data":{}1}}}}"#, "[".repeat(60_000));
        let faulty = [
            "",
            " \t",
            "null",
            "1",
            "[]",
            "{",
            "{}{}",
            "{\"id\":1}",
            "{\"id\":-1,\"rpc\":{}}",
            "{\"id\":1.5,\"rpc\":{}}",
            "{\"id\":\"1\",\"rpc\":{}}",
            "{\"id\":4294967296,\"rpc\":{}}",
            "{\"id\":1,\"id\":2,\"rpc\":{}}",
            "{\"rpc\":{}}",
            "{\"id\":0,\"connect\":{}}",
            "{\"id\":1,\"connect\":[1,2]}",
            "{\"id\":1,\"connect\":{\"token\":5}}",
            "{\"id\":1,\"subscribe\":{}}",
            "{\"id\":1,\"subscribe\":{\"channel\":\"\"}}",
            "{\"id\":1,\"subscribe\":{\"channel\":7}}",
            "{\"id\":1,\"subscribe\":\"a\"}",
            "{\"id\":1,\"publish\":{\"channel\":\"a\",\"data\":}}",
            "{\"id\":1,\"unknown\":{}}",
            "{\"id\":1,\"rpc\":\"\u{0}",
            deep.as_str(),
        ];
        for message in faulty {
            assert!(matches!(all(message)[..], [Err(_)]), "{message:.80}: {:?}", all(message));
        }
        assert!(Commands::of(b"{\"id\":1,\"subscribe\":{\"channel\":\"\xff\"}}").all(|command| command.is_err()));
    }

    #[test]
    fn every_beginning_of_a_command_and_every_changed_byte_is_read_or_refused() {
        let message = r#"{"id":2,"subscribe":{"channel":"1/ds/u/p","data":{"a":"\u00e4\n"}}}"#.as_bytes();
        for end in 0..message.len() {
            assert!(Commands::of(&message[..end]).all(|command| command.is_err()), "{end}");
        }
        for at in 0..message.len() {
            for byte in [0, b'\n', b'"', b'{', b'}', b'\\', 0x80, 0xff] {
                let mut changed = message.to_vec();
                changed[at] = byte;
                assert!(Commands::of(changed).count() <= 2);
            }
        }
    }
}
