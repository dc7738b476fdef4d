//! Frames from a file or standard input, in any of the forms they travel in. What they are is seen from the bytes,
//! not from the file's name.

use crate::answer::{Answer, limits};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use wellhead_frame::Frame;

/// Reads `path`, or standard input where it is `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<Answer>> {
    let (name, bytes) = if path == Path::new("-") {
        ("standard input".to_owned(), read_all(io::stdin().lock()))
    } else {
        (path.display().to_string(), File::open(path).and_then(read_all))
    };
    let bytes = bytes.with_context(|| format!("cannot read {name}"))?;
    parse(bytes).with_context(|| name)
}

fn read_all(source: impl Read) -> io::Result<Vec<u8>> {
    let limit = limits().max_bytes;
    let mut bytes = Vec::new();
    source.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::other(format!("larger than {limit} bytes, the most this command reads")));
    }
    Ok(bytes)
}

fn parse(bytes: Vec<u8>) -> Result<Vec<Answer>> {
    /// The magic of an Arrow IPC file, and the continuation marker that begins an Arrow IPC stream.
    const ARROW: [&[u8]; 2] = [b"ARROW1", &[0xff; 4]];
    if ARROW.iter().any(|magic| bytes.starts_with(magic)) {
        return Ok(Answer::gather(Frame::all_from_ipc(bytes, &limits())?));
    }
    match bytes.trim_ascii_start().first() {
        None => bail!("empty: expected an Arrow file or stream, or a Grafana frame in JSON"),
        Some(b'{' | b'[') => Answer::from_json(&bytes),
        Some(_) => bail!("neither an Arrow file or stream nor a Grafana frame in JSON"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_frame::Field;

    #[test]
    fn arrow_is_told_from_its_first_bytes_and_streams_may_follow_one_another() {
        let frame = Frame::builder("n").ref_id("B").column(Field::new("v"), vec![1.0]).build().unwrap();
        let mut streams = frame.to_ipc_stream().unwrap();
        streams.extend(frame.to_ipc_stream().unwrap());
        assert_eq!(parse(streams).unwrap()[0].frames.len(), 2);
        assert_eq!(parse(frame.to_ipc_file().unwrap()).unwrap()[0].ref_id, "B");
    }

    #[test]
    fn what_is_no_frame_is_said_plainly() {
        assert!(parse(Vec::new()).unwrap_err().to_string().starts_with("empty"));
        assert!(parse(b"time,value\n".to_vec()).unwrap_err().to_string().starts_with("neither"));
        assert!(parse(b"ARROW1".to_vec()).is_err());
    }
}
