//! The transport inside a host: wasi:http 0.3, bodies read straight into the reader's buffer.

use std::fmt;

use wasip3::http::client;
use wasip3::http::types::{
    ErrorCode, Fields, Method as WasiMethod, Request, RequestOptions, Response, Scheme, Trailers,
};
use wasip3::{wit_future, wit_stream};
use wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};

use super::{HeaderMap, HeaderName, HeaderValue, HttpError, Method, Outgoing, StatusCode};
use crate::imports;

/// An answer whose body is still on its way. Dropping it tells the host that nobody reads on.
pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Option<Body>,
}

struct Body {
    stream: StreamReader<u8>,
    /// How the body ended.
    trailers: FutureReader<Result<Option<Trailers>, ErrorCode>>,
    /// Resolves when it is dropped: the guest is done with the body.
    _done: FutureWriter<Result<(), ErrorCode>>,
}

impl Incoming {
    /// Fills spare capacity with what is there, waiting for the first byte; false when that was the end.
    pub(crate) async fn read(&mut self, into: Vec<u8>) -> (Vec<u8>, Result<bool, HttpError>) {
        let Some(body) = &mut self.body else { return (into, Ok(false)) };
        let (result, into) = body.stream.read(into).await;
        if result != StreamResult::Dropped {
            return (into, Ok(true));
        }
        let Some(body) = self.body.take() else { return (into, Ok(false)) };
        (into, body.trailers.await.map(|_| false).map_err(http_error))
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("status", &self.status).finish_non_exhaustive()
    }
}

pub(crate) async fn send(outgoing: Outgoing) -> Result<Incoming, HttpError> {
    let response = client::send(request(outgoing)?).await.map_err(http_error)?;
    let status = StatusCode::from_u16(response.get_status_code())
        .map_err(|_| HttpError::Broken("a status that HTTP does not have".to_owned()))?;
    let headers =
        response.get_headers().copy_all().into_iter().filter_map(|(name, value)| {
            Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(&value).ok()?))
        });
    let headers = headers.fold(HeaderMap::new(), |mut map, (name, value)| {
        map.append(name, value);
        map
    });
    let (done, reader) = wit_future::new(|| Ok(()));
    let (stream, trailers) = Response::consume_body(response, reader);
    Ok(Incoming { status, headers, body: Some(Body { stream, trailers, _done: done }) })
}

fn request(outgoing: Outgoing) -> Result<Request, HttpError> {
    let Outgoing { method, address, headers, body, patience } = outgoing;
    let invalid = |what: &str| HttpError::Invalid(what.to_owned());

    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    let headers = Fields::from_list(&headers).map_err(|error| HttpError::Invalid(format!("headers: {error}")))?;

    let options = RequestOptions::new();
    let nanos = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
    // A host that does not know one of them keeps its own.
    let _ = options.set_connect_timeout(Some(nanos));
    let _ = options.set_first_byte_timeout(Some(nanos));
    let _ = options.set_between_bytes_timeout(Some(nanos));

    let contents = (!body.is_empty()).then(|| {
        let (mut writer, reader) = wit_stream::new::<u8>();
        imports::spawn(async move {
            // What is left over was not wanted: the answer says why.
            let _ = writer.write_all(body).await;
        });
        reader
    });
    // Dropping the writer resolves the future to its default: no trailers.
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _) = Request::new(headers, contents, trailers, Some(options));

    request.set_method(&wasi_method(&method)).map_err(|()| invalid("method"))?;
    let scheme = if address.https { Scheme::Https } else { Scheme::Http };
    request.set_scheme(Some(&scheme)).map_err(|()| invalid("scheme"))?;
    request.set_authority(Some(&address.authority)).map_err(|()| invalid("host name"))?;
    request.set_path_with_query(Some(&address.path_and_query())).map_err(|()| invalid("path or query"))?;
    Ok(request)
}

fn wasi_method(method: &Method) -> WasiMethod {
    match *method {
        Method::GET => WasiMethod::Get,
        Method::POST => WasiMethod::Post,
        Method::PUT => WasiMethod::Put,
        Method::DELETE => WasiMethod::Delete,
        Method::PATCH => WasiMethod::Patch,
        Method::HEAD => WasiMethod::Head,
        Method::OPTIONS => WasiMethod::Options,
        ref other => WasiMethod::Other(other.as_str().to_owned()),
    }
}

/// WASI's many codes in the few words that decide status and blame.
fn http_error(code: ErrorCode) -> HttpError {
    use ErrorCode as E;
    match code {
        E::HttpRequestDenied | E::DestinationIpProhibited => HttpError::Denied(String::new()),
        E::InternalError(detail) => HttpError::Broken(detail.unwrap_or_default()),
        E::DnsError(error) => HttpError::Unresolved(error.rcode.unwrap_or_default()),
        E::DestinationNotFound => HttpError::Unresolved(String::new()),
        E::ConnectionRefused | E::DestinationUnavailable | E::DestinationIpUnroutable => {
            HttpError::Refused(String::new())
        }
        E::DnsTimeout
        | E::ConnectionTimeout
        | E::ConnectionReadTimeout
        | E::ConnectionWriteTimeout
        | E::HttpResponseTimeout => HttpError::Timeout(String::new()),
        E::TlsCertificateError => HttpError::Tls("certificate".to_owned()),
        E::TlsAlertReceived(alert) => HttpError::Tls(alert.alert_message.unwrap_or_default()),
        E::TlsProtocolError => HttpError::Tls(String::new()),
        E::HttpResponseBodySize(size) => {
            HttpError::TooLarge(size.map(|size| format!("{size} bytes")).unwrap_or_default())
        }
        E::HttpResponseHeaderSectionSize(_) | E::HttpResponseHeaderSize(_) => HttpError::TooLarge("headers".to_owned()),
        E::HttpRequestLengthRequired
        | E::HttpRequestBodySize(_)
        | E::HttpRequestMethodInvalid
        | E::HttpRequestUriInvalid
        | E::HttpRequestUriTooLong
        | E::HttpRequestHeaderSectionSize(_)
        | E::HttpRequestHeaderSize(_)
        | E::HttpRequestTrailerSectionSize(_)
        | E::HttpRequestTrailerSize(_) => HttpError::Invalid(format!("{code:?}")),
        E::HttpResponseIncomplete | E::ConnectionTerminated => {
            HttpError::Broken("it ended before the answer was whole".to_owned())
        }
        E::HttpProtocolError => HttpError::Broken("what came is not HTTP".to_owned()),
        E::ConnectionLimitReached => {
            HttpError::Broken("the data source has all the connections that it may have".to_owned())
        }
        other => HttpError::Broken(format!("{other:?}")),
    }
}
