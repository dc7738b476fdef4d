//! The log in: greeting, TLS where the settings want it, and the password by the method that the server asks for.

mod rsa;
mod scramble;

use crate::error;
use crate::protocol::{Greeting, ServerError, Wire, capability, header, malformed, put_text, shown};
use crate::settings::{Settings, Tls};
use scramble::Method;
use wellhead_sdk::Error;
use wellhead_sdk::net::{Connection, TlsOptions};

/// What is agreed on wherever the server can do it.
const WANTED: u32 = capability::LONG_PASSWORD
    | capability::LONG_FLAG
    | capability::PROTOCOL_41
    | capability::TRANSACTIONS
    | capability::SECURE_CONNECTION
    | capability::MULTI_RESULTS
    | capability::PS_MULTI_RESULTS
    | capability::PLUGIN_AUTH
    | capability::DEPRECATE_EOF;
/// What the server must be able to do: those of 5.5 and later can.
const NEEDED: u32 = capability::PROTOCOL_41 | capability::SECURE_CONNECTION | capability::PLUGIN_AUTH;
/// `utf8mb4_unicode_ci`, as Grafana's plugin asks for.
const COLLATION: u8 = 224;
/// Packets of the server until the log in is over. The longest way has five.
const ROUNDS: usize = 10;

/// Logs in. What was agreed on, and who the server is.
pub(crate) async fn log_in(
    connection: Connection,
    settings: &Settings,
    password: &str,
) -> Result<(Wire, Greeting), Error> {
    let mut wire = Wire::new(connection);
    let packet = wire.answer().await?.map_err(|error| error::of_server(&error))?;
    let mut greeting = Greeting::read(packet).ok_or_else(|| malformed("no greeting of version 10"))?;
    if greeting.capabilities & NEEDED != NEEDED {
        let version = &greeting.version;
        return Err(Error::downstream(format_args!(
            "the server is {version:?}, and 5.5 is the oldest that is supported"
        )));
    }
    let offers_tls = greeting.capabilities & capability::SSL != 0;
    let secure = match settings.tls {
        Tls::Off => None,
        Tls::WhereOffered => offers_tls.then_some(wellhead_sdk::net::Verify::None),
        Tls::Required(_) if !offers_tls => {
            return Err(Error::downstream(
                "the server speaks no TLS: turn tlsAuth and tlsAuthWithCACert off if the way to it is safe, or ssl on in \
                 the server",
            ));
        }
        Tls::Required(verify) => Some(verify),
    };
    greeting.capabilities &= WANTED | if secure.is_some() { capability::SSL } else { 0 };
    if !settings.database.is_empty() {
        greeting.capabilities |= capability::CONNECT_WITH_DB;
    }
    let mut hello = Vec::with_capacity(128);
    hello.extend_from_slice(&greeting.capabilities.to_le_bytes());
    hello.extend_from_slice(&u32::MAX.to_le_bytes());
    hello.push(COLLATION);
    hello.extend_from_slice(&[0; 23]);
    if let Some(verify) = secure {
        wire.say(&hello).await?;
        wire.start_tls(&TlsOptions { verify, ..TlsOptions::default() }).await?;
    }
    let proof = Proof { settings, password, is_secure: secure.is_some() };
    let (method, first) = proof.first(&greeting)?;
    hello.extend_from_slice(settings.user.as_bytes());
    hello.push(0);
    // The scrambles have at most 32 bytes, so one byte holds the length.
    put_text(&mut hello, &first);
    if !settings.database.is_empty() {
        hello.extend_from_slice(settings.database.as_bytes());
        hello.push(0);
    }
    hello.extend_from_slice(method.name().as_bytes());
    hello.push(0);
    wire.say(&hello).await?;
    proof.bring(&mut wire, method, greeting.nonce.clone()).await?;
    Ok((wire, greeting))
}

/// How the server learns that we know the password.
struct Proof<'a> {
    settings: &'a Settings,
    password: &'a str,
    /// Nobody between can read what is sent.
    is_secure: bool,
}

impl Proof<'_> {
    /// By the server's own method where that is known here; else the server will ask for another one.
    fn first(&self, greeting: &Greeting) -> Result<(Method, Vec<u8>), Error> {
        let method = Method::of(&greeting.method).filter(|method| *method != Method::Clear);
        let method = method.unwrap_or(Method::Native);
        Ok((method, self.answer(method, &greeting.nonce)?))
    }

    fn answer(&self, method: Method, nonce: &[u8]) -> Result<Vec<u8>, Error> {
        match method {
            Method::Native => Ok(scramble::native(self.password, nonce)),
            Method::CachingSha2 => Ok(scramble::caching_sha2(self.password, nonce)),
            Method::Clear if self.settings.allow_cleartext_passwords => Ok(self.with_end()),
            Method::Clear => Err(Error::downstream(
                "the server wants the password as it is (mysql_clear_password), which is not allowed: set \
                 allowCleartextPasswords if the way to it is safe",
            )),
        }
    }

    fn with_end(&self) -> Vec<u8> {
        let mut text = self.password.as_bytes().to_vec();
        text.push(0);
        text
    }

    /// Answers until the server is content.
    async fn bring(&self, wire: &mut Wire, mut method: Method, mut nonce: Vec<u8>) -> Result<(), Error> {
        for _ in 0..ROUNDS {
            let packet = wire.answer().await?.map_err(|error: ServerError| error::of_server(&error))?;
            match packet.split_first() {
                Some((&header::OK, _)) => return Ok(()),
                Some((&header::EOF, asked)) => {
                    (method, nonce) = switch(asked)?;
                    let answer = self.answer(method, &nonce)?;
                    wire.say(&answer).await?;
                }
                Some((&header::MORE_DATA, more)) if method == Method::CachingSha2 => match more {
                    // The server knows the password's hash.
                    [scramble::FAST_OK] => {}
                    // It does not, and wants the password once.
                    [scramble::FULL] => self.bring_whole(wire, &nonce).await?,
                    _ => return Err(malformed("caching_sha2_password goes on as it should not")),
                },
                _ => return Err(malformed("the log in goes on as it should not")),
            }
        }
        Err(malformed("the log in has no end"))
    }

    /// Sends the password so that nobody between reads it: under TLS, or with the server's own key.
    async fn bring_whole(&self, wire: &mut Wire, nonce: &[u8]) -> Result<(), Error> {
        let password = self.with_end();
        if self.is_secure {
            return wire.say(&password).await;
        }
        wire.say(&[scramble::ASK_FOR_KEY]).await?;
        let packet = wire.answer().await?.map_err(|error| error::of_server(&error))?;
        let Some((&header::MORE_DATA, pem)) = packet.split_first() else {
            return Err(malformed("no public key where one was asked for"));
        };
        let sealed = rsa::PublicKey::of_pem(pem).and_then(|key| key.seal(&scramble::mixed(&password, nonce)));
        wire.say(&sealed.map_err(malformed)?).await
    }
}

/// The server asks for another method.
fn switch(asked: &[u8]) -> Result<(Method, Vec<u8>), Error> {
    let mut reader = crate::protocol::Reader::new(asked);
    let name = shown(reader.until_zero());
    let nonce = reader.rest();
    let nonce = nonce.strip_suffix(&[0]).unwrap_or(nonce).to_vec();
    if let Some(method) = Method::of(&name) {
        return Ok((method, nonce));
    }
    let name = if name.is_empty() { "mysql_old_password" } else { &name };
    Err(Error::downstream(format_args!(
        "the server wants this user to log in by {name:?}, which is not supported: give the user \
         caching_sha2_password or mysql_native_password"
    )))
}
