//! One data source's way out: a request is judged, gets its credentials, is sent, retried where that is safe, and
//! redirected where that is allowed.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, PROXY_AUTHORIZATION, TRANSFER_ENCODING},
};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::capture_connection},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    Connection, EgressError, EgressLimits, EgressPolicy, Endpoint, Origin, Redirects, RequestBody, RequestOptions,
    ResponseBody, TimeoutKind, Why,
    body::{Payload, WireBody},
    connect::{Connector, Destination, Outlet, translate},
    credentials::{basic_of_url_user, sensitive},
    egress::Host,
    headers,
    places::{ConnectionPlaces, Open, Tenant},
    recording::Way,
    redirect,
    response::{Paced, too_long},
    retry,
};

/// The way out of one plugin instance. Clones share connections; the last one dropped closes them.
///
/// ```no_run
/// # async fn example(client: wellhead_egress::EgressClient) -> Result<(), Box<dyn std::error::Error>> {
/// use wellhead_egress::{RequestBody, RequestOptions};
///
/// let request = http::Request::post("http://prometheus:9090/api/v1/query")
///     .header("content-type", "application/x-www-form-urlencoded")
///     .body(RequestBody::full("query=up"))?;
/// let response = client.send(request, &RequestOptions::default()).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct EgressClient {
    inner: Arc<Inner>,
}

struct Inner {
    policy: EgressPolicy,
    outlet: Arc<Outlet>,
    /// Its byte connections.
    tenant: Tenant,
    pool: OnceLock<Client<Connector, WireBody>>,
}

impl fmt::Debug for EgressClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressClient").field("policy", &self.inner.policy).finish_non_exhaustive()
    }
}

impl EgressClient {
    pub(crate) fn new(
        host: Arc<Host>,
        policy: EgressPolicy,
        limits: EgressLimits,
        places: &ConnectionPlaces,
    ) -> Result<Self, EgressError> {
        let limits = limits.bounded();
        let tls = host.tls.custom(&policy.tls)?;
        let server_name = policy.tls.server_name()?;
        let mut destinations = Vec::with_capacity(policy.origins.len());
        for allowed in &policy.origins {
            let mut destination = Destination::new(allowed.clone(), host.proxies.towards(&allowed.origin)?);
            // A client certificate is a credential, and "skip verify" was said of one server only.
            if allowed.why == Why::DataSource {
                destination.tls.clone_from(&tls);
                destination.server_name.clone_from(&server_name);
            }
            destinations.push(Arc::new(destination));
        }
        let permits = Arc::new(Semaphore::new(limits.max_connections.min(Semaphore::MAX_PERMITS)));
        let reached = |endpoint: &Endpoint| Some(Destination::new(endpoint.target.clone().ok()?, None));
        let endpoints = policy.endpoints.iter().map(reached).collect();
        let outlet = Arc::new(Outlet { host, destinations, endpoints, limits, permits });
        Ok(Self { inner: Arc::new(Inner { policy, outlet, tenant: Tenant::new(places), pool: OnceLock::new() }) })
    }

    /// What this client may reach.
    #[must_use]
    pub fn policy(&self) -> &EgressPolicy {
        &self.inner.policy
    }

    /// What its requests are bounded by.
    #[must_use]
    pub fn limits(&self) -> &EgressLimits {
        &self.inner.outlet.limits
    }

    /// Opens a byte connection to one of the policy's endpoints: by its name, or by an address that is the same.
    ///
    /// It has a place among the data source's [`ConnectionPlaces`] until it is dropped. Where this client has all of them
    /// that is said at once: they belong to the caller, and waiting for itself helps nobody. One that another client has
    /// is waited for.
    ///
    /// ```no_run
    /// # async fn example(client: wellhead_egress::EgressClient) -> Result<(), wellhead_egress::EgressError> {
    /// use wellhead_egress::TlsOptions;
    ///
    /// let connection = client.connect("db.example.com:5432").await?;
    /// let (connection, info) = connection.start_tls(&TlsOptions::default()).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`EgressError::DeniedEndpoint`], [`EgressError::DeniedAddress`], [`EgressError::InvalidSetting`] where the
    /// endpoint has no address, [`EgressError::TooManyConnections`], [`EgressError::Unresolved`],
    /// [`EgressError::Refused`], [`EgressError::Unreachable`], [`EgressError::Timeout`].
    pub fn connect(&self, endpoint: &str) -> impl Future<Output = Result<Connection, EgressError>> + Send + use<> {
        let found = self.inner.policy.endpoint(endpoint);
        let inner = self.inner.clone();
        async move {
            let meter = inner.tenant.meter();
            let connected = match found {
                Ok(number) => inner.dial_endpoint(number).await,
                Err(error) => Err(error),
            };
            connected.inspect_err(|error| meter.connected(Err(error)))
        }
    }

    /// Sends a request and answers with the head of the response; its body comes as it is read. Any status is an `Ok`.
    ///
    /// The URL must be absolute. A user in it becomes basic authentication where nothing else authenticates.
    ///
    /// # Errors
    /// Any [`EgressError`]: denied by the policy, not connected, timed out, a limit hit, a broken response.
    pub fn send(
        &self,
        request: Request<RequestBody>,
        options: &RequestOptions,
    ) -> impl Future<Output = Result<Response<ResponseBody>, EgressError>> + Send + use<> {
        let inner = self.inner.clone();
        let limits = &inner.outlet.limits;
        let capped = |asked: Option<Duration>, limit: Duration| asked.unwrap_or(limit).min(limit);
        let clocks = Clocks {
            connect: capped(options.connect_timeout, limits.connect_timeout),
            first_byte: capped(options.first_byte_timeout, limits.first_byte_timeout),
            between_bytes: capped(options.between_bytes_timeout, limits.between_bytes_timeout),
            total: limits.total_timeout,
        };
        let follow = options.redirects == Redirects::Follow;
        async move {
            match &inner.outlet.host.way {
                Way::Live => inner.exchange(request, clocks, follow).await,
                Way::Recorded(recorder) => {
                    let (request, noted) = recorder.asked(request).await?;
                    noted.answered(inner.exchange(request, clocks, follow).await)
                }
                Way::Replayed(replay) => {
                    inner.policy.check(request.uri())?;
                    replay.answer(request, inner.outlet.limits.max_response_bytes).await
                }
            }
        }
    }
}

/// The time-outs of one exchange.
#[derive(Clone, Copy)]
struct Clocks {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
    total: Option<Duration>,
}

/// What the next attempt sends.
struct Outgoing {
    method: Method,
    destination: Arc<Destination>,
    path_and_query: String,
    headers: HeaderMap,
    payload: Payload,
    /// A long body on a method that is not expected to have one.
    unknown_length: bool,
}

impl Inner {
    /// A connection to the policy's endpoint of this number.
    async fn dial_endpoint(&self, number: usize) -> Result<Connection, EgressError> {
        let outlet = &self.outlet;
        let Some(destination) = outlet.endpoints.get(number).and_then(Option::as_ref) else {
            return Err(EgressError::InvalidEndpoint { reason: "the endpoint has no address".to_owned() });
        };
        let origin = destination.allowed.origin.clone();
        let after = outlet.limits.connect_timeout;
        let end = Instant::now() + after;
        let place = self.tenant.place(&origin, after).await?;
        let name = self.policy.endpoints.get(number).map_or("", |endpoint| &endpoint.name);
        let noted = match &outlet.host.way {
            Way::Live => None,
            Way::Recorded(recorder) => Some(recorder.connects(name)),
            Way::Replayed(replay) => {
                let bytes = replay.connect(name, &origin).await?;
                let open = Open::new(self.tenant.meter(), place);
                return Ok(Connection::replayed(bytes, origin, outlet.clone(), self.policy.tls.clone(), open));
            }
        };
        let dialled = match tokio::time::timeout_at(end, outlet.dial(destination)).await {
            Ok(stream) => stream,
            Err(_) => Err(EgressError::Timeout { origin: origin.clone(), which: TimeoutKind::Connect, after }),
        };
        let stream = dialled.inspect_err(|error| noted.iter().for_each(|noted| noted.ended(Some(error))))?;
        let open = Open::new(self.tenant.meter(), place);
        Ok(Connection::new(stream, origin, outlet.clone(), self.policy.tls.clone(), open).noted(noted))
    }

    async fn exchange(
        &self,
        request: Request<RequestBody>,
        clocks: Clocks,
        follow: bool,
    ) -> Result<Response<ResponseBody>, EgressError> {
        let end = clocks.total.and_then(|total| Some((Instant::now().checked_add(total)?, total)));
        let (origin, user) = Origin::of_uri(request.uri())?;
        let destination = self.destination(&origin, None)?.clone();
        let (parts, body) = request.into_parts();
        let mut headers = headers::outgoing(parts.headers, &origin)?;
        if let Some(user) = user
            && !headers.contains_key(AUTHORIZATION)
        {
            let (user, password) = user.split_once(':').unwrap_or((&user, ""));
            headers.extend(sensitive(&basic_of_url_user(user, password)).map(|value| (AUTHORIZATION, value)));
        }
        let gzip = headers::offer_gzip(&parts.method, &mut headers);
        let declared = headers::declared_length(&headers)?;
        let path_and_query = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let settle = retry::is_repeatable(&parts.method, true);

        let work = async {
            let payload = Payload::new(body, declared, settle).await?;
            let unknown_length = settle && payload.is_of_unknown_length();
            let method = parts.method;
            let mut outgoing = Outgoing { method, destination, path_and_query, headers, payload, unknown_length };
            let response = self.follow(&mut outgoing, &clocks, follow).await?;
            Ok((outgoing, response))
        };
        let (outgoing, response) = match end {
            None => work.await?,
            Some((at, after)) => tokio::time::timeout_at(at, work).await.unwrap_or(Err(EgressError::Timeout {
                origin,
                which: TimeoutKind::Total,
                after,
            }))?,
        };
        self.finish(&outgoing, response, gzip, clocks.between_bytes, end)
    }

    /// Sends, and follows redirects to what is allowed.
    async fn follow(
        &self,
        outgoing: &mut Outgoing,
        clocks: &Clocks,
        follow: bool,
    ) -> Result<Response<Incoming>, EgressError> {
        let mut followed = 0;
        loop {
            let response = self.attempts(outgoing, clocks).await?;
            if !follow {
                return Ok(response);
            }
            let origin = &outgoing.destination.allowed.origin;
            let next = redirect::next(
                &outgoing.method,
                origin,
                &outgoing.path_and_query,
                response.status(),
                response.headers(),
            )?;
            let Some(next) = next else { return Ok(response) };
            let limit = self.outlet.limits.max_redirects;
            if followed == limit {
                return Err(EgressError::TooManyRedirects { origin: origin.clone(), limit });
            }
            followed += 1;
            let destination = self.destination(&next.origin, Some(origin))?.clone();
            tracing::debug!(from = %origin, to = %next.origin, status = response.status().as_u16(), "redirected");
            if next.origin != *origin {
                headers::keep_harmless(&mut outgoing.headers);
            }
            if !next.keeps_body {
                headers::drop_content(&mut outgoing.headers);
                outgoing.payload = Payload::empty();
                outgoing.unknown_length = false;
            }
            outgoing.destination = destination;
            outgoing.method = next.method;
            outgoing.path_and_query = next.path_and_query;
        }
    }

    /// Sends to one place, again where that is safe and may help.
    async fn attempts(&self, outgoing: &mut Outgoing, clocks: &Clocks) -> Result<Response<Incoming>, EgressError> {
        let limits = &self.outlet.limits;
        let repeatable = retry::is_repeatable(&outgoing.method, outgoing.payload.is_empty());
        let mut retries = 0;
        loop {
            let outcome = self.attempt(outgoing, clocks).await;
            if !repeatable || retries >= limits.max_retries {
                return outcome;
            }
            retries += 1;
            let pause = match &outcome {
                Ok(response) => retry::asked_pause(response.status(), response.headers(), limits.max_retry_wait)
                    .map(|asked| asked.max(retry::pause(retries, limits.max_retry_wait))),
                Err(error) => retry::is_passing(error).then(|| retry::pause(retries, limits.max_retry_wait)),
            };
            let Some(pause) = pause else { return outcome };
            let error = outcome.as_ref().err().map(ToString::to_string);
            tracing::debug!(origin = %outgoing.destination.allowed.origin, retries, ?pause, error, "retrying");
            drop(outcome);
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, outgoing: &mut Outgoing, clocks: &Clocks) -> Result<Response<Incoming>, EgressError> {
        let destination = &outgoing.destination;
        let origin = &destination.allowed.origin;
        let timeout = |which, after| EgressError::Timeout { origin: origin.clone(), which, after };
        let body = outgoing.payload.next().ok_or_else(|| EgressError::Redirect {
            origin: origin.clone(),
            reason: "it asks for the body again, which was streamed and is too long to have been kept".to_owned(),
        })?;
        let mut request = Request::new(body);
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() = origin.uri(&outgoing.path_and_query)?;
        *request.headers_mut() = outgoing.headers.clone();
        if destination.allowed.why == Why::DataSource {
            self.policy.credentials.apply(request.headers_mut());
        }
        if outgoing.unknown_length {
            // Hyper would leave the body of a GET out; HTTP/2 takes the header off again.
            request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        // A tunnel got its credentials when it was asked for; without one the proxy sees the request itself.
        if let Some(hop) = destination.proxy.as_ref().filter(|_| !origin.is_https()) {
            request.headers_mut().extend(hop.authorization.clone().map(|value| (PROXY_AUTHORIZATION, value)));
        }

        let mut captured = capture_connection(&mut request);
        // Until the response begins: hyper connects anew by itself where an idle connection turns out to be closed.
        let _waiting = destination.wait();
        let mut response = std::pin::pin!(self.pool().request(request));
        let connected = async {
            if captured.wait_for_connection_metadata().await.is_none() {
                // There is none because the request failed; the response says why.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            done = &mut response => return done.map_err(|error| translate(origin, &error)),
            () = connected => {}
            () = tokio::time::sleep(clocks.connect) => return Err(self.outlet.connect_timeout(origin, clocks.connect)),
        }
        match tokio::time::timeout(clocks.first_byte, response).await {
            Ok(done) => done.map_err(|error| translate(origin, &error)),
            Err(_) => Err(timeout(TimeoutKind::FirstByte, clocks.first_byte)),
        }
    }

    /// The response as the caller gets it.
    fn finish(
        &self,
        outgoing: &Outgoing,
        response: Response<Incoming>,
        gzip: bool,
        between_bytes: Duration,
        end: Option<(Instant, Duration)>,
    ) -> Result<Response<ResponseBody>, EgressError> {
        let origin = &outgoing.destination.allowed.origin;
        let limit = self.outlet.limits.max_response_bytes;
        let (mut parts, incoming) = response.into_parts();
        if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            let reason = "it switches to a protocol nobody asked for".to_owned();
            return Err(EgressError::InvalidResponse { origin: origin.clone(), reason });
        }
        headers::strip_hop_by_hop(&mut parts.headers);
        let encoded = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"gzip");
        let gzip = gzip && !incoming.is_end_stream() && parts.headers.get(CONTENT_ENCODING).is_some_and(encoded);
        if gzip {
            parts.headers.remove(CONTENT_ENCODING);
            parts.headers.remove(CONTENT_LENGTH);
        } else if let Some(length) = incoming.size_hint().exact().filter(|length| *length > limit) {
            return Err(too_long(origin, limit, length));
        }
        let body = Paced::new(incoming, origin.clone(), between_bytes, end);
        Ok(Response::from_parts(parts, ResponseBody::new(body, gzip, limit)))
    }

    fn destination(&self, origin: &Origin, from: Option<&Origin>) -> Result<&Arc<Destination>, EgressError> {
        self.outlet.destination(origin).ok_or_else(|| self.policy.denied(origin.clone(), from))
    }

    fn pool(&self) -> &Client<Connector, WireBody> {
        self.pool.get_or_init(|| {
            let limits = &self.outlet.limits;
            // The idle connections of all origins together must leave room under the cap, or one origin could starve
            // another until they time out.
            let idle = limits.max_connections / self.outlet.destinations.len().max(1);
            Client::builder(TokioExecutor::new())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(limits.idle_timeout)
                .pool_max_idle_per_host(idle.max(1))
                .build(Connector(self.outlet.clone()))
        })
    }
}
