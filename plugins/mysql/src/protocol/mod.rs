//! MySQL's client/server protocol, as far as a client needs it: packets, and what is in those that are not rows.
//!
//! Every length that comes from the server is checked before it is used. Format: "Client/Server Protocol" of MySQL's
//! source documentation, and "Client/Server Protocol" of MariaDB's knowledge base where that differs.

mod packet;
mod reader;
mod wire;

pub(crate) use packet::{Definition, End, Greeting, Prepared, ServerError, shown};
pub use reader::Reader;
pub(crate) use reader::put_text;
pub(crate) use wire::Wire;

use wellhead_sdk::Error;

/// What client and server agree on.
pub(crate) mod capability {
    pub(crate) const LONG_PASSWORD: u32 = 1;
    pub(crate) const LONG_FLAG: u32 = 1 << 2;
    pub(crate) const CONNECT_WITH_DB: u32 = 1 << 3;
    pub(crate) const PROTOCOL_41: u32 = 1 << 9;
    pub(crate) const SSL: u32 = 1 << 11;
    pub(crate) const TRANSACTIONS: u32 = 1 << 13;
    pub(crate) const SECURE_CONNECTION: u32 = 1 << 15;
    /// `CALL` may answer with rows.
    pub(crate) const MULTI_RESULTS: u32 = 1 << 17;
    pub(crate) const PS_MULTI_RESULTS: u32 = 1 << 18;
    pub(crate) const PLUGIN_AUTH: u32 = 1 << 19;
    /// Rows end with an OK packet, and there is none between columns and rows.
    pub(crate) const DEPRECATE_EOF: u32 = 1 << 24;
}

/// What a packet is by its first byte.
pub(crate) mod header {
    pub(crate) const OK: u8 = 0x00;
    pub(crate) const MORE_DATA: u8 = 0x01;
    pub(crate) const LOCAL_INFILE: u8 = 0xfb;
    pub(crate) const EOF: u8 = 0xfe;
    pub(crate) const ERROR: u8 = 0xff;
}

/// What a client can ask for.
pub(crate) mod command {
    pub(crate) const QUERY: u8 = 0x03;
    pub(crate) const PING: u8 = 0x0e;
    pub(crate) const PREPARE: u8 = 0x16;
    pub(crate) const EXECUTE: u8 = 0x17;
    pub(crate) const CLOSE_STATEMENT: u8 = 0x19;
    pub(crate) const QUIT: u8 = 0x01;
    /// MySQL 5.7.3, MariaDB 10.2.4 and later.
    pub(crate) const RESET_CONNECTION: u8 = 0x1f;
}

/// The server, or something between, says what the protocol does not have.
pub(crate) fn malformed(what: impl std::fmt::Display) -> Error {
    Error::downstream(format_args!(
        "the server's answer is not MySQL's protocol ({what}): check that url is the address of a MySQL or MariaDB"
    ))
}
