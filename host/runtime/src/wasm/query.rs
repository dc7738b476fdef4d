//! A query call of a wasm plugin: frames decoded off the async threads, large results handed on piece by piece.

use super::bindings::types::{self, CancelReason};
use super::call::Call;
use super::convert;
use super::decode::{self, Decoder};
use super::instance::{Command, RawReply};
use super::plugin::WasmPlugin;
use crate::vitals::Vitals;
use crate::{
    DataSourceSettings, Piece, PieceStream, Plugin, PluginContext, PluginError, QueryDataReply, QueryDataRequest,
};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Replies whose frames have more bytes than this are decoded off the async threads.
const DECODE_INLINE_BYTES: usize = 256 << 10;

impl WasmPlugin {
    /// Answers every query of the request.
    pub(super) async fn query(
        &self,
        context: Arc<PluginContext>,
        request: QueryDataRequest,
    ) -> Result<QueryDataReply, PluginError> {
        let asked = decode::ref_ids(&request.queries)?;
        let queries: Vec<_> = request.queries.into_iter().map(convert::query).collect();
        let again = self.manifest().capabilities().idempotent.then(|| queries.clone());
        let mut queries = Some(queries);
        let command = |context, call, reply| {
            let queries = queries.take().or_else(|| again.clone())?;
            Some(Command::Query { context, queries, call, reply })
        };
        let (answer, call) = self.call(&context, command).await?;
        let RawReply { ready, rest } = match answer {
            Ok(reply) => reply,
            Err(error) => {
                call.guard.finish();
                let error = convert::guest_error(error, &context.data_source.secrets);
                return Ok(QueryDataReply::ready(decode::all_failed(asked, &error)));
            }
        };
        let mut decoder = Decoder::new(&self.id, context.data_source.clone(), asked, call.most_frames(), call.frames());
        let bytes: usize = ready.iter().flat_map(|response| &response.frames).map(Vec::len).sum();
        let mut ready = if bytes <= DECODE_INLINE_BYTES {
            decoder.ready(ready)
        } else {
            let decoded = tokio::task::spawn_blocking(move || {
                let ready = decoder.ready(ready);
                (ready, decoder)
            });
            let (ready, returned) = decoded.await.map_err(|error| self.decoding_failed(&error))?;
            decoder = returned;
            ready
        };
        let rest = match rest {
            Some(pieces) => {
                let (sender, receiver) = mpsc::channel(2);
                let vitals = self.host.around.vitals.clone();
                tokio::spawn(forward(pieces, decoder, call, sender, context.data_source.clone(), vitals));
                Some(PieceStream::new(receiver))
            }
            None => {
                call.guard.finish();
                self.host.around.vitals.unasked(&self.id, decoder.unasked());
                ready.extend(decoder.unanswered());
                None
            }
        };
        Ok(QueryDataReply { ready, rest })
    }

    fn decoding_failed(&self, error: &tokio::task::JoinError) -> PluginError {
        let reason = format!("its frames could not be decoded: {error}");
        PluginError::RequestFailure { plugin_id: self.id.clone(), reason }
    }
}

fn bytes_of(piece: &types::Piece) -> usize {
    match piece {
        types::Piece::Begin(begin) => begin.schema.len(),
        types::Piece::Batch(batch) => batch.message.len(),
        types::Piece::Done(response) => response.frames.iter().map(Vec::len).sum(),
    }
}

/// Decodes pieces as they come and hands them on, until the guest is done, the deadline passes or the reader is gone.
async fn forward(
    mut pieces: mpsc::Receiver<types::Piece>,
    mut decoder: Decoder,
    call: Call,
    out: mpsc::Sender<Result<Piece, PluginError>>,
    source: Arc<DataSourceSettings>,
    vitals: Vitals,
) {
    let plugin_id = decoder.plugin_id().to_owned();
    loop {
        let raw = tokio::select! {
            biased;
            // Dropping the guard tells the guest.
            () = out.closed() => return,
            raw = call.within(pieces.recv()) => raw,
        };
        let piece = match raw {
            Ok(Some(raw)) => {
                if bytes_of(&raw) <= DECODE_INLINE_BYTES || decoder.is_light(&raw) {
                    decoder.piece(raw)
                } else {
                    let decoded = tokio::task::spawn_blocking(move || {
                        let piece = decoder.piece(raw);
                        (piece, decoder)
                    });
                    match decoded.await {
                        Ok((piece, returned)) => {
                            decoder = returned;
                            piece
                        }
                        Err(error) => {
                            let reason = format!("its frames could not be decoded: {error}");
                            drop(call);
                            let _ = out.send(Err(PluginError::RequestFailure { plugin_id, reason })).await;
                            return;
                        }
                    }
                }
            }
            Ok(None) => break,
            Err(_) => return cut(call, &out, plugin_id).await,
        };
        let Some(piece) = piece else { continue };
        // A reader that does not keep up holds the guest back, but not past the deadline.
        match call.within(out.send(Ok(piece))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => return cut(call, &out, plugin_id).await,
        }
    }
    if let Err(error) = call.clean_end(&plugin_id, &source.secrets).await {
        let _ = out.send(Err(error)).await;
        return;
    }
    vitals.unasked(&plugin_id, decoder.unasked());
    for response in decoder.unanswered() {
        let _ = out.send(Ok(Piece::Done(response))).await;
    }
}

/// The deadline passed: the guest is told, and the reader is, whenever it comes. Nothing of the guest waits for that.
async fn cut(mut call: Call, out: &mpsc::Sender<Result<Piece, PluginError>>, plugin_id: String) {
    call.guard.cancel(CancelReason::Deadline);
    let after = call.after;
    drop(call);
    let _ = out.send(Err(PluginError::Timeout { plugin_id, after })).await;
}
