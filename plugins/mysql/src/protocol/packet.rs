//! What the packets that are not rows hold.

use super::{Reader, capability, header};

/// What a server says for people, bytes: its own messages have 512. Longer ones are cut, as they are copied often.
const LONGEST_SAYING: usize = 4 << 10;

/// What the server says for people.
pub(crate) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..LONGEST_SAYING).unwrap_or(bytes)).into_owned()
}

/// The first packet: who the server is and what it can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) version: String,
    /// The number of the connection, by which it can be killed.
    pub(crate) thread: u32,
    /// What the password is scrambled with.
    pub(crate) nonce: Vec<u8>,
    pub(crate) capabilities: u32,
    /// How the server would have the password.
    pub(crate) method: String,
}

impl Greeting {
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(packet);
        if reader.u8()? != 10 {
            return None;
        }
        let version = shown(reader.until_zero());
        let thread = reader.u32()?;
        let mut nonce = reader.bytes(8)?.to_vec();
        reader.u8()?;
        let low = reader.u16()?;
        let [_collation, _status, _] = reader.array()?;
        let capabilities = u32::from(low) | u32::from(reader.u16()?) << 16;
        let nonce_length = usize::from(reader.u8()?);
        reader.bytes(10)?;
        if capabilities & capability::SECURE_CONNECTION != 0 {
            let rest = reader.bytes(nonce_length.saturating_sub(8).max(13))?;
            nonce.extend_from_slice(rest.strip_suffix(&[0]).unwrap_or(rest));
        }
        let method = shown(reader.until_zero());
        Some(Self { version, thread, nonce, capabilities, method })
    }
}

/// What the server says no with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerError {
    pub(crate) code: u16,
    /// Empty where the server has none, as before the log in.
    pub(crate) state: String,
    pub(crate) message: String,
}

impl ServerError {
    /// `None` where the packet is no error.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(packet);
        if reader.u8()? != header::ERROR {
            return None;
        }
        let code = reader.u16()?;
        let rest = reader.rest();
        let (state, message) = match rest.strip_prefix(b"#").and_then(|rest| rest.split_at_checked(5)) {
            Some((state, message)) => (state, message),
            None => (&b""[..], rest),
        };
        Some(Self { code, state: shown(state), message: shown(message) })
    }

    /// Whether it is the last the server says before it hangs up, which may be seen later: ER_SERVER_SHUTDOWN, MariaDB's
    /// ER_CONNECTION_KILLED, MySQL's ER_SESSION_WAS_KILLED and ER_CLIENT_INTERACTION_TIMEOUT.
    pub(crate) fn ends_session(&self) -> bool {
        matches!(self.code, 1053 | 1927 | 3169 | 4031)
    }
}

/// How a statement, or its rows, ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// Another result follows.
    pub(crate) more: bool,
    /// The session is in a transaction.
    pub(crate) in_transaction: bool,
}

impl End {
    const IN_TRANSACTION: u16 = 1;
    const MORE_RESULTS: u16 = 8;

    /// An OK packet, by whichever header.
    pub(crate) fn of_ok(packet: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(packet);
        reader.u8()?;
        let _rows = reader.length()?;
        let _last_id = reader.length()?;
        reader.u16().map(Self::of_status)
    }

    /// What ends rows; `None` where the packet is none of these.
    pub(crate) fn of_rows(packet: &[u8], capabilities: u32) -> Option<Self> {
        let eof = *packet.first()? == header::EOF;
        if capabilities & capability::DEPRECATE_EOF != 0 {
            // A row may begin so, too: with a text that is longer than that.
            return (eof && packet.len() < 0x00ff_ffff).then(|| Self::of_ok(packet))?;
        }
        if !eof || packet.len() >= 9 {
            return None;
        }
        let mut reader = Reader::new(packet);
        reader.bytes(3)?;
        reader.u16().map(Self::of_status)
    }

    fn of_status(status: u16) -> Self {
        let has = |flag| status & flag != 0;
        Self { more: has(Self::MORE_RESULTS), in_transaction: has(Self::IN_TRANSACTION) }
    }
}

/// A statement that the server has worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prepared {
    pub(crate) id: u32,
    pub(crate) columns: u16,
    pub(crate) parameters: u16,
}

impl Prepared {
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(packet);
        if reader.u8()? != header::OK {
            return None;
        }
        Some(Self { id: reader.u32()?, columns: reader.u16()?, parameters: reader.u16()? })
    }
}

/// What the server says of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) charset: u16,
    pub(crate) data_type: u8,
    pub(crate) flags: u16,
    /// Digits behind the point.
    pub(crate) decimals: u8,
}

impl Definition {
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(packet);
        // Catalogue, schema, table, and the table's own name.
        for _ in 0..4 {
            reader.text()?;
        }
        let name = String::from_utf8_lossy(reader.text()?).into_owned();
        let _own_name = reader.text()?;
        let _length_of_the_rest = reader.length()?;
        let charset = reader.u16()?;
        let _longest = reader.u32()?;
        Some(Self { name, charset, data_type: reader.u8()?, flags: reader.u16()?, decimals: reader.u8()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a MariaDB 10.11 greets with.
    const GREETING: &[u8] = b"\x0a5.5.5-10.11.6-MariaDB\0\x08\0\0\0abcdefgh\0\xfe\xf7\x2d\x02\0\xff\x81\x15\0\0\0\0\0\0\x1d\0\0\0ijklmnopqrst\0mysql_native_password\0";

    #[test]
    fn a_greeting_is_read_and_one_that_is_cut_anywhere_is_none_or_lacks_only_its_end() {
        let greeting = Greeting::read(GREETING).unwrap();
        assert_eq!((greeting.version.as_str(), greeting.thread), ("5.5.5-10.11.6-MariaDB", 8));
        assert_eq!(
            (greeting.nonce.as_slice(), greeting.method.as_str()),
            (&b"abcdefghijklmnopqrst"[..], "mysql_native_password")
        );
        assert_eq!(greeting.capabilities, 0x81ff_f7fe);
        let fixed = GREETING.len() - "mysql_native_password\0".len();
        for cut in 0..fixed {
            assert_eq!(Greeting::read(GREETING.get(..cut).unwrap()), None, "{cut}");
        }
    }

    #[test]
    fn an_error_has_a_state_only_after_the_log_in() {
        let error = ServerError::read(b"\xff\x15\x04#28000Access denied").unwrap();
        assert_eq!((error.code, error.state.as_str(), error.message.as_str()), (1045, "28000", "Access denied"));
        let error = ServerError::read(b"\xff\x10\x04Too many connections").unwrap();
        assert_eq!((error.code, error.state.as_str(), error.message.as_str()), (1040, "", "Too many connections"));
        assert_eq!(ServerError::read(b"\0"), None);
        let endless = [b"\xff\x15\x04#28000".as_slice(), &[b'x'; 1 << 20]].concat();
        assert_eq!(ServerError::read(&endless).unwrap().message.len(), LONGEST_SAYING);
    }

    #[test]
    fn rows_end_with_either_packet_and_not_with_a_row() {
        let end = End { more: true, in_transaction: false };
        assert_eq!(End::of_rows(&[0xfe, 0, 0, 8, 0], 0), Some(end));
        assert_eq!(End::of_rows(&[0xfe, 0, 0, 8, 0, 0, 0], capability::DEPRECATE_EOF), Some(end));
        assert_eq!(End::of_rows(&[0, 0, 0, 8, 0], 0), None);
        assert_eq!(End::of_rows(&[0xfe; 9], 0), None);
        assert_eq!(End::of_rows(&vec![0xfe; 0x0100_0000], capability::DEPRECATE_EOF), None);
    }
}
