//! Prometheus' remote write 1.0, as far as a test needs it: what text formats cannot bring, exemplars and native
//! histograms. (<https://prometheus.io/docs/specs/prw/remote_write_spec/>, `prompb/types.proto`)

use anyhow::{Result, ensure};

use crate::http;

/// A float at a millisecond.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// The value.
    pub value: f64,
}

/// An observation with labels of its own.
#[derive(Debug, Clone)]
pub struct Exemplar {
    /// Its labels, sorted by name.
    pub labels: Vec<(String, String)>,
    /// When and what.
    pub point: Point,
}

/// A native histogram of integers, with one run of positive and one of negative buckets.
#[derive(Debug, Clone)]
pub struct Histogram {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Resolution: bounds grow by 2^(2^-schema).
    pub schema: i32,
    /// Observations so near zero that they have no other bucket.
    pub zero_count: u64,
    /// Index of the first positive bucket, and the counts from there on.
    pub positive: (i32, Vec<u64>),
    /// The same for negative ones.
    pub negative: (i32, Vec<u64>),
    /// Sum of the observations.
    pub sum: f64,
}

/// A series with what is to be written of it.
#[derive(Debug, Clone, Default)]
pub struct TimeSeries {
    /// Labels, sorted by name, `__name__` among them.
    pub labels: Vec<(String, String)>,
    /// Floats, by time.
    pub points: Vec<Point>,
    /// Exemplars, by time.
    pub exemplars: Vec<Exemplar>,
    /// Histograms, by time.
    pub histograms: Vec<Histogram>,
}

/// Writes series to the server on this port.
pub async fn write(port: u16, series: &[TimeSeries]) -> Result<()> {
    let mut request = Message::default();
    for series in series {
        request.message(1, series.encode());
    }
    let headers = [
        ("Content-Type", "application/x-protobuf"),
        ("Content-Encoding", "snappy"),
        ("X-Prometheus-Remote-Write-Version", "0.1.0"),
    ];
    let answer = http::post(port, "/api/v1/write", &headers, &snappy(&request.0)).await?;
    ensure!(
        matches!(answer.status, 200 | 204),
        "remote write: {} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    Ok(())
}

impl TimeSeries {
    fn encode(&self) -> Message {
        let mut message = Message::default();
        message.labels(&self.labels);
        for point in &self.points {
            message.message(2, point.encode());
        }
        for exemplar in &self.exemplars {
            let mut inner = Message::default();
            inner.labels(&exemplar.labels);
            inner.double(2, exemplar.point.value);
            inner.varint(3, exemplar.point.at as u64);
            message.message(3, inner);
        }
        for histogram in &self.histograms {
            message.message(4, histogram.encode());
        }
        message
    }
}

impl Point {
    fn encode(&self) -> Message {
        let mut message = Message::default();
        message.double(1, self.value);
        message.varint(2, self.at as u64);
        message
    }
}

impl Histogram {
    fn encode(&self) -> Message {
        let count = self.zero_count + self.positive.1.iter().sum::<u64>() + self.negative.1.iter().sum::<u64>();
        let mut message = Message::default();
        message.varint(1, count);
        message.double(3, self.sum);
        message.signed(4, self.schema.into());
        message.double(5, 1e-9);
        message.varint(6, self.zero_count);
        for (spans, deltas, (first, counts)) in [(8, 9, &self.negative), (11, 12, &self.positive)] {
            if counts.is_empty() {
                continue;
            }
            let mut span = Message::default();
            span.signed(1, (*first).into());
            span.varint(2, counts.len() as u64);
            message.message(spans, span);
            let mut before = 0;
            let mut packed = Message::default();
            for &count in counts {
                packed.raw_varint(zigzag(count as i64 - before));
                before = count as i64;
            }
            message.message(deltas, packed);
        }
        message.varint(15, self.at as u64);
        message
    }
}

/// A protobuf message in the making.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn varint(&mut self, field: u64, value: u64) {
        self.raw_varint(field << 3);
        self.raw_varint(value);
    }

    fn signed(&mut self, field: u64, value: i64) {
        self.varint(field, zigzag(value));
    }

    fn double(&mut self, field: u64, value: f64) {
        self.raw_varint(field << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.raw_varint(field << 3 | 2);
        self.raw_varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn message(&mut self, field: u64, message: Message) {
        self.bytes(field, &message.0);
    }

    fn labels(&mut self, labels: &[(String, String)]) {
        for (name, value) in labels {
            let mut label = Message::default();
            label.bytes(1, name.as_bytes());
            label.bytes(2, value.as_bytes());
            self.message(1, label);
        }
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Snappy's block format with nothing compressed: the length, then literals.
fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut out = Message::default();
    out.raw_varint(bytes.len() as u64);
    for chunk in bytes.chunks(1 << 16) {
        // Tag 61 << 2: a literal whose length less one is in the next two bytes.
        out.0.push(61 << 2);
        out.0.extend_from_slice(&((chunk.len() - 1) as u16).to_le_bytes());
        out.0.extend_from_slice(chunk);
    }
    out.0
}
