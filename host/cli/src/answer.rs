//! What came back for each refId, and the two JSON forms of it: the body of `/api/ds/query`, and bare frames.

use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::io::{self, Write};
use wellhead_frame::{Frame, JsonOptions, ReadLimits};

/// What the user may read from a file or a server of their own choice: far beyond any result that fits a screen, and
/// still no way to take all memory by announcing it.
pub(crate) fn limits() -> ReadLimits {
    ReadLimits::default()
        .with_max_bytes(2 << 30)
        .with_max_rows(100_000_000)
        .with_max_batches(1 << 20)
        .with_max_metadata_bytes(64 << 20)
        .with_max_cast_bytes(2 << 30)
}

/// One refId's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) ref_id: String,
    /// HTTP status of this answer alone.
    pub(crate) status: u16,
    pub(crate) error: Option<Failure>,
    pub(crate) frames: Vec<Frame>,
}

/// Why a query failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// `plugin` or `downstream`.
    pub(crate) source: Option<String>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    results: IndexMap<String, ResponseItem<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseItem<'a> {
    #[serde(default)]
    status: u16,
    error: Option<String>,
    error_source: Option<String>,
    #[serde(borrow, default)]
    frames: Option<Vec<&'a RawValue>>,
}

impl ResponseItem<'_> {
    fn into_answer(self, ref_id: String) -> Result<Answer> {
        let mut frames = Vec::new();
        for (index, frame) in self.frames.unwrap_or_default().into_iter().enumerate() {
            let frame = frame_from_json(frame.get()).with_context(|| format!("frame {index} of refId {ref_id:?}"))?;
            frames.push(if frame.ref_id().is_empty() { frame.with_ref_id(&ref_id) } else { frame });
        }
        let error = self.error.map(|message| Failure { message, source: self.error_source });
        let status = match (self.status, &error) {
            (0, None) => 200,
            (0, Some(_)) => 500,
            (status, _) => status,
        };
        Ok(Answer { ref_id, status, error, frames })
    }
}

fn frame_from_json(text: &str) -> Result<Frame> {
    Ok(Frame::from_json(text.as_bytes(), &limits())?)
}

impl Answer {
    /// Frames by themselves, gathered under the refIds they bear (`A` where they bear none).
    pub(crate) fn gather(frames: Vec<Frame>) -> Vec<Self> {
        let mut answers: IndexMap<String, Self> = IndexMap::new();
        for frame in frames {
            let ref_id = if frame.ref_id().is_empty() { "A" } else { frame.ref_id() }.to_owned();
            answers
                .entry(ref_id.clone())
                .or_insert_with(|| Self { ref_id, status: 200, error: None, frames: Vec::new() })
                .frames
                .push(frame);
        }
        answers.into_values().collect()
    }

    /// Reads the body of an answer of `/api/ds/query`.
    pub(crate) fn from_response(body: &[u8]) -> Result<Vec<Self>> {
        let response: Response<'_> = serde_json::from_slice(body).context("not an answer of /api/ds/query")?;
        response.results.into_iter().map(|(ref_id, item)| item.into_answer(ref_id)).collect()
    }

    /// Puts together what Wellhead answers as Arrow. A stream without fields bears the status of its refId in the
    /// schema's metadata; a frame may go on in a later stream of the same number.
    pub(crate) fn from_arrow(streams: Vec<Frame>) -> Result<Vec<Self>> {
        let mut answers: IndexMap<String, Self> = IndexMap::new();
        // Where the frame of each number stands.
        let mut places: HashMap<String, (String, usize)> = HashMap::new();
        for stream in streams {
            let metadata = stream.schema().metadata().clone();
            let ref_id = stream.ref_id().to_owned();
            let begun = metadata.get("frame").and_then(|number| places.get(number)).cloned();
            let answer = answers.entry(ref_id.clone()).or_insert_with(|| Self {
                ref_id: ref_id.clone(),
                status: 200,
                error: None,
                frames: Vec::new(),
            });
            if let Some(status) = metadata.get("status") {
                answer.status =
                    status.parse().with_context(|| format!("refId {ref_id:?} has the status {status:?}"))?;
                answer.error = metadata
                    .get("error")
                    .map(|message| Failure { message: message.clone(), source: metadata.get("errorSource").cloned() });
            } else if let Some((_, index)) = begun.filter(|(owner, _)| *owner == ref_id)
                && let Some(frame) = answer.frames.get_mut(index)
            {
                stream.into_batches().into_iter().try_for_each(|batch| frame.push_batch(batch))?;
            } else {
                if let Some(number) = metadata.get("frame") {
                    places.insert(number.clone(), (ref_id, answer.frames.len()));
                }
                answer.frames.push(stream);
            }
        }
        Ok(answers.into_values().collect())
    }

    /// Reads any JSON that holds frames: an answer of `/api/ds/query`, one refId of it, one frame, or an array of frames.
    pub(crate) fn from_json(text: &[u8]) -> Result<Vec<Self>> {
        if text.trim_ascii_start().starts_with(b"[") {
            let frames: Vec<&RawValue> = serde_json::from_slice(text).context("not an array of frames")?;
            let frames = frames.into_iter().enumerate().map(|(index, frame)| {
                frame_from_json(frame.get()).with_context(|| format!("frame {index} of the array"))
            });
            return Ok(Self::gather(frames.collect::<Result<_>>()?));
        }
        let keys: IndexMap<String, &RawValue> = serde_json::from_slice(text).context("not JSON of a frame")?;
        if keys.contains_key("results") {
            Self::from_response(text)
        } else if keys.contains_key("frames") {
            let item: ResponseItem<'_> = serde_json::from_slice(text).context("not an answer to one query")?;
            Ok(vec![item.into_answer("A".to_owned())?])
        } else if keys.contains_key("schema") {
            Ok(Self::gather(vec![Frame::from_json(text, &limits())?]))
        } else {
            let found = keys.keys().map(String::as_str).take(5).collect::<Vec<_>>().join(", ");
            bail!("no frame in this JSON: it has none of the keys schema, frames and results, but {found}")
        }
    }

    /// The frames alone.
    pub(crate) fn frames(answers: &[Self]) -> impl Iterator<Item = &Frame> {
        answers.iter().flat_map(|answer| &answer.frames)
    }
}

/// Writes answers as `/api/ds/query` does.
pub(crate) fn write_response(out: &mut dyn Write, answers: &[Answer]) -> Result<()> {
    out.write_all(b"{\"results\":{")?;
    for (index, answer) in answers.iter().enumerate() {
        comma(out, index)?;
        json(out, &answer.ref_id)?;
        write!(out, ":{{\"status\":{}", answer.status)?;
        if let Some(failure) = &answer.error {
            out.write_all(b",\"error\":")?;
            json(out, &failure.message)?;
            out.write_all(b",\"errorSource\":")?;
            json(out, failure.source.as_deref().unwrap_or("plugin"))?;
        }
        out.write_all(b",\"frames\":[")?;
        write_frames(out, answer.frames.iter())?;
        out.write_all(b"]}")?;
    }
    Ok(out.write_all(b"}}\n")?)
}

/// Writes bare frames: one as an object, several as an array.
pub(crate) fn write_bare<'a>(out: &mut dyn Write, frames: impl ExactSizeIterator<Item = &'a Frame>) -> Result<()> {
    let several = frames.len() != 1;
    out.write_all(if several { b"[" } else { b"" })?;
    write_frames(out, frames)?;
    Ok(out.write_all(if several { b"]\n" } else { b"\n" })?)
}

fn write_frames<'a>(out: &mut dyn Write, frames: impl Iterator<Item = &'a Frame>) -> Result<()> {
    let options = JsonOptions::default().with_max_bytes(limits().max_bytes).with_max_rows(limits().max_rows);
    for (index, frame) in frames.enumerate() {
        comma(out, index)?;
        frame.write_json_to(&mut *out, &options)?;
    }
    Ok(())
}

fn comma(out: &mut dyn Write, index: usize) -> io::Result<()> {
    if index > 0 { out.write_all(b",") } else { Ok(()) }
}

fn json(out: &mut dyn Write, text: &str) -> io::Result<()> {
    Ok(serde_json::to_writer(out, text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &str = r#"{"schema":{"name":"n","refId":"B","fields":[{"name":"v","type":"number","typeInfo":{"frame":"float64"}}]},"data":{"values":[[1,2]]}}"#;

    fn written(answers: &[Answer]) -> String {
        let mut out = Vec::new();
        write_response(&mut out, answers).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_json_that_holds_frames_is_read() {
        let item = format!(r#"{{"status":200,"frames":[{FRAME}]}}"#);
        for text in [FRAME.to_owned(), format!("[{FRAME}]"), item.clone(), format!(r#"{{"results":{{"B":{item}}}}}"#)] {
            let answers = Answer::from_json(text.as_bytes()).unwrap();
            assert_eq!(answers.len(), 1, "{text}");
            assert_eq!(answers[0].frames[0].num_rows(), 2, "{text}");
        }
    }

    /// One stream of an answer in Arrow: its rows under this metadata beside the frame's own.
    fn stream(ref_id: &str, rows: i64, metadata: &[(&str, &str)]) -> Frame {
        let values: Vec<i64> = (0..rows).collect();
        let frame = Frame::builder("").ref_id(ref_id).column(wellhead_frame::Field::new("n"), values).build().unwrap();
        let mut schema = frame.schema().as_ref().clone();
        schema.metadata.extend(metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        Frame::try_new(schema.into(), frame.into_batches()).unwrap()
    }

    #[test]
    fn frames_that_came_by_turns_are_whole_again_and_failures_find_their_ref_id() {
        let answers = Answer::from_arrow(vec![
            stream("A", 2, &[("frame", "0")]),
            stream("A", 1, &[("frame", "1")]),
            stream("B", 5, &[("frame", "2")]),
            stream("A", 3, &[("frame", "0")]),
            stream("B", 0, &[("status", "502"), ("error", "gone"), ("errorSource", "downstream")]),
            stream("C", 0, &[("status", "200")]),
        ])
        .unwrap();
        let rows = |answer: &Answer| answer.frames.iter().map(Frame::num_rows).collect::<Vec<_>>();
        assert_eq!(answers.iter().map(rows).collect::<Vec<_>>(), [vec![5, 1], vec![5], vec![]]);
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 502, 200]);
        assert_eq!(answers[1].error.as_ref().unwrap().message, "gone");
        assert!(answers[2].error.is_none());
    }

    #[test]
    fn a_failed_query_keeps_its_error_and_source() {
        let text = r#"{"results":{"A":{"status":400,"error":"no \"x\"","errorSource":"downstream","frames":[]}}}"#;
        let answers = Answer::from_json(text.as_bytes()).unwrap();
        assert_eq!(written(&answers), format!("{text}\n"));
    }

    #[test]
    fn json_without_a_frame_says_what_it_looked_for() {
        let error = Answer::from_json(br#"{"message":"Unauthorized"}"#).unwrap_err();
        assert!(error.to_string().contains("none of the keys schema, frames and results, but message"), "{error}");
        let error =
            Answer::from_json(format!(r#"{{"results":{{"A":{{"frames":[{FRAME},5]}}}}}}"#).as_bytes()).unwrap_err();
        assert!(format!("{error:#}").starts_with("frame 1 of refId \"A\""), "{error:#}");
    }
}
