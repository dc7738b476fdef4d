//! From a guest's reply to checked frames: each ref-id answered exactly once, each frame valid and canonical.
//!
//! A reply that breaks a rule is the plugin's fault and fails the query it belongs to, no other.

use super::bindings::types;
use super::convert;
use crate::{DataResponse, DataSourceSettings, GuestError, Piece, PluginError};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use wellhead_frame::{Frame, FrameReader, PieceReader};

/// Schema bytes of the frames that one reply may have open at once: each is kept until its frame is done.
const MAX_OPEN_BYTES: usize = 64 << 20;

/// Reads one reply. Lives from its first answer to its last piece.
pub(super) struct Decoder {
    plugin_id: String,
    settings: Arc<DataSourceSettings>,
    /// Asked and not yet answered, in the order of the request.
    outstanding: Vec<String>,
    open: HashMap<u32, OpenFrame>,
    used_numbers: HashSet<u32>,
    /// Ref-ids whose pieces broke a rule: what else comes of them is passed over until they are done.
    broken: HashMap<String, GuestError>,
    frames_left: usize,
    frame_limit: usize,
    reader: Arc<FrameReader>,
    /// Schema bytes of the frames that are open.
    open_bytes: usize,
    /// Answers nobody asked for.
    unasked: usize,
}

struct OpenFrame {
    ref_id: String,
    schema_bytes: usize,
    reader: PieceReader,
}

impl Decoder {
    pub(super) fn new(
        plugin_id: &str,
        settings: Arc<DataSourceSettings>,
        asked: Vec<String>,
        frame_limit: usize,
        reader: Arc<FrameReader>,
    ) -> Self {
        Self {
            plugin_id: plugin_id.into(),
            settings,
            outstanding: asked,
            open: HashMap::new(),
            used_numbers: HashSet::new(),
            broken: HashMap::new(),
            frames_left: frame_limit,
            frame_limit,
            reader,
            open_bytes: 0,
            unasked: 0,
        }
    }

    /// The answers that are whole.
    pub(super) fn ready(&mut self, ready: Vec<types::DataResponse>) -> Vec<DataResponse> {
        ready.into_iter().filter_map(|response| self.response(response)).collect()
    }

    /// One piece; `None` where it breaks a rule that its ref-id's end will tell of.
    pub(super) fn piece(&mut self, piece: types::Piece) -> Option<Piece> {
        match piece {
            types::Piece::Begin(begin) => self.begin(begin),
            types::Piece::Batch(batch) => self.batch(batch),
            types::Piece::Done(response) => self.done(response),
        }
    }

    /// Whether a piece is read in no time, however large it is.
    pub(super) fn is_light(&self, piece: &types::Piece) -> bool {
        let types::Piece::Batch(batch) = piece else { return false };
        self.open.get(&batch.frame).is_some_and(|open| open.reader.is_light())
    }

    /// Whose reply it is.
    pub(super) fn plugin_id(&self) -> &str {
        &self.plugin_id
    }

    /// How many answers so far were dropped because nobody asked for them, or because they were second ones.
    pub(super) fn unasked(&self) -> usize {
        self.unasked
    }

    /// What the guest left unanswered, as failures.
    pub(super) fn unanswered(&mut self) -> Vec<DataResponse> {
        let plugin = &self.plugin_id;
        let failure = |ref_id: String| {
            let error = GuestError::plugin(500, format!("plugin {plugin:?} did not answer query {ref_id:?}"));
            DataResponse::failed(ref_id, error)
        };
        std::mem::take(&mut self.outstanding).into_iter().map(failure).collect()
    }

    fn response(&mut self, response: types::DataResponse) -> Option<DataResponse> {
        let types::DataResponse { ref_id, status, frames, error } = response;
        let Some(place) = self.outstanding.iter().position(|asked| *asked == ref_id) else {
            self.unasked = self.unasked.saturating_add(1);
            // Once a reply: a guest may send any number of them.
            if self.unasked == 1 {
                let shown: String = ref_id.chars().take(64).collect();
                tracing::warn!(target: "wellhead::runtime", plugin = self.plugin_id, uid = self.settings.uid,
                    "an answer to query {shown:?} is dropped, and others like it: it was not asked, or is answered already");
            }
            return None;
        };
        let ref_id = self.outstanding.remove(place);
        let mut error = error.map(|error| convert::guest_error(error, &self.settings.secrets));
        let mut whole = Vec::with_capacity(frames.len().min(self.frames_left));
        for (index, bytes) in frames.into_iter().enumerate() {
            match self.frame(&ref_id, bytes) {
                Ok(frame) => whole.push(frame),
                Err(reason) => {
                    error.get_or_insert_with(|| self.invalid(&ref_id, index, &reason));
                    break;
                }
            }
        }
        let error = self.broken.remove(&ref_id).or(error);
        let status = match (&error, status) {
            // A failure is no success, whatever status it came with.
            (Some(error), 0..=399) => error.status,
            (None, 0) => 200,
            (_, status @ 200..=599) => status,
            _ => 500,
        };
        Some(DataResponse { ref_id, status, frames: whole, error })
    }

    fn frame(&mut self, ref_id: &str, bytes: Vec<u8>) -> Result<Frame, String> {
        self.count_frame()?;
        self.reader.frame_of(ref_id, bytes).map_err(|error| error.to_string())
    }

    fn count_frame(&mut self) -> Result<(), String> {
        let limit = self.frame_limit;
        self.frames_left = self
            .frames_left
            .checked_sub(1)
            .ok_or_else(|| format!("a reply may hold {limit} frames, this one has more"))?;
        Ok(())
    }

    fn begin(&mut self, begin: types::FrameBegin) -> Option<Piece> {
        let types::FrameBegin { ref_id, frame, schema } = begin;
        if !self.outstanding.contains(&ref_id) || self.broken.contains_key(&ref_id) {
            return None;
        }
        let schema_bytes = schema.len();
        let open_bytes = self.open_bytes.saturating_add(schema_bytes);
        let opened = if open_bytes > MAX_OPEN_BYTES {
            Err(format!("the schemas of its open frames have {open_bytes} bytes, {MAX_OPEN_BYTES} are allowed"))
        } else if self.used_numbers.insert(frame) {
            self.count_frame().and_then(|()| {
                let reader = self.reader.pieces(schema).map_err(|error| error.to_string())?;
                let schema = reader.frame().with_ref_id(&ref_id).schema().clone();
                Ok((reader, schema))
            })
        } else {
            Err(format!("frame number {frame} was used before"))
        };
        match opened {
            Ok((reader, schema)) => {
                self.open_bytes = open_bytes;
                self.open.insert(frame, OpenFrame { ref_id: ref_id.clone(), schema_bytes, reader });
                Some(Piece::Begin { ref_id, frame, schema })
            }
            Err(reason) => self.break_ref_id(ref_id, frame, &reason),
        }
    }

    fn batch(&mut self, batch: types::FrameBatch) -> Option<Piece> {
        let types::FrameBatch { frame, message } = batch;
        // A batch of no open frame belongs to a ref-id that broke a rule, or to none.
        let open = self.open.get_mut(&frame)?;
        match open.reader.batch(message) {
            Ok(batch) => Some(Piece::Batch { frame, batch }),
            Err(error) => {
                let ref_id = open.ref_id.clone();
                self.break_ref_id(ref_id, frame, &error.to_string())
            }
        }
    }

    fn done(&mut self, response: types::DataResponse) -> Option<Piece> {
        let response = self.response(response)?;
        self.close_all_of(&response.ref_id);
        Some(Piece::Done(response))
    }

    fn break_ref_id(&mut self, ref_id: String, frame: u32, reason: &str) -> Option<Piece> {
        self.close_all_of(&ref_id);
        let error = self.invalid(&ref_id, frame as usize, reason);
        self.broken.insert(ref_id, error);
        None
    }

    fn close_all_of(&mut self, ref_id: &str) {
        let closed = self.open.extract_if(|_, open| open.ref_id == ref_id);
        let bytes = closed.map(|(_, open)| open.schema_bytes).fold(0, usize::saturating_add);
        self.open_bytes = self.open_bytes.saturating_sub(bytes);
    }

    fn invalid(&self, ref_id: &str, index: usize, reason: &str) -> GuestError {
        GuestError::plugin(
            500,
            format!("frame {index} of query {ref_id:?} from plugin {:?} is not valid: {reason}", self.plugin_id),
        )
    }
}

/// A guest that failed a whole call failed each query of it.
pub(super) fn all_failed(asked: Vec<String>, error: &GuestError) -> Vec<DataResponse> {
    asked.into_iter().map(|ref_id| DataResponse::failed(ref_id, error.clone())).collect()
}

/// Ref-ids of a request, where each is there once.
pub(super) fn ref_ids(queries: &[crate::DataQuery]) -> Result<Vec<String>, PluginError> {
    let mut seen = HashSet::new();
    for query in queries {
        if !seen.insert(query.ref_id.as_str()) {
            let message = format!("two queries have the refId {:?}: give each its own", query.ref_id);
            return Err(PluginError::Guest(GuestError::downstream(400, message)));
        }
    }
    Ok(queries.iter().map(|query| query.ref_id.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_frame::Field;

    fn decoder(asked: &[&str]) -> Decoder {
        Decoder::new("p", Arc::default(), asked.iter().map(|id| (*id).to_owned()).collect(), 3, Arc::default())
    }

    fn response(ref_id: &str, frames: Vec<Vec<u8>>) -> types::DataResponse {
        types::DataResponse { ref_id: ref_id.into(), status: 0, frames, error: None }
    }

    fn frame() -> Vec<u8> {
        Frame::builder("f").column(Field::new("v"), vec![1.0, 2.0]).build().unwrap().to_ipc_stream().unwrap()
    }

    #[test]
    fn every_frame_gets_its_ref_id_and_every_query_an_answer() {
        let mut decoder = decoder(&["A", "B"]);
        let ready = decoder.ready(vec![response("A", vec![frame()])]);
        assert_eq!(ready[0].frames[0].ref_id(), "A");
        assert_eq!(ready[0].status, 200);
        let rest = decoder.unanswered();
        assert_eq!(rest[0].ref_id, "B");
        assert_eq!(rest[0].error.as_ref().unwrap().message, r#"plugin "p" did not answer query "B""#);
    }

    #[test]
    fn answers_nobody_asked_for_and_second_answers_are_dropped() {
        let mut decoder = decoder(&["A"]);
        let ready = decoder.ready(vec![response("X", vec![]), response("A", vec![]), response("A", vec![frame()])]);
        assert_eq!(ready.len(), 1);
        assert!(ready[0].frames.is_empty());
    }

    #[test]
    fn an_invalid_frame_fails_its_query_and_keeps_the_frames_before_it() {
        let mut decoder = decoder(&["A", "B"]);
        let ready = decoder.ready(vec![response("A", vec![frame(), vec![1, 2, 3]]), response("B", vec![frame()])]);
        assert_eq!(ready[0].frames.len(), 1);
        let error = ready[0].error.as_ref().unwrap();
        assert!(error.message.starts_with(r#"frame 1 of query "A" from plugin "p" is not valid: "#), "{error}");
        assert_eq!((ready[0].status, ready[1].status), (500, 200));
    }

    #[test]
    fn frames_beyond_the_limit_of_a_reply_are_an_error() {
        let mut decoder = decoder(&["A"]);
        let ready = decoder.ready(vec![response("A", vec![frame(), frame(), frame(), frame()])]);
        assert_eq!(ready[0].frames.len(), 3);
        assert!(ready[0].error.as_ref().unwrap().message.contains("a reply may hold 3 frames"));
    }

    #[test]
    fn a_broken_piece_fails_its_ref_id_when_that_is_done() {
        let mut decoder = decoder(&["A"]);
        let begin = types::FrameBegin { ref_id: "A".into(), frame: 7, schema: vec![0; 16] };
        assert!(decoder.piece(types::Piece::Begin(begin)).is_none());
        let batch = types::FrameBatch { frame: 7, message: vec![0; 16] };
        assert!(decoder.piece(types::Piece::Batch(batch)).is_none());
        let Some(Piece::Done(done)) = decoder.piece(types::Piece::Done(response("A", vec![]))) else { panic!() };
        assert!(done.error.unwrap().message.contains("frame 7"));
        assert_eq!(done.status, 500);
    }
}
