//! Chappe: signed security advisories down a tree of organisations, incident escalations up.
//!
//! CERT-EU, national CERTs, regional and sector CSIRTs are separate organisations with separate
//! machines; no one's server trusts another's. An alert must get from its issuer to every entitled
//! recipient through several of them in seconds, provably unchanged; who is not entitled must not
//! get it; an incident report must climb the same tree; and an operator must be able to say, for
//! each notice, who has it, who does not, and why.
//!
//! ```text
//!  upstream boards (parent, followed) ─▶┐                          ┌─▶ board ──▶ below, live
//!  intake: each child, follower       ─▶│ verify ▶ decide ▶ place  ├─▶ direct   inbox   cases
//!  intake: each local publisher       ─▶│  (pure)   (pure)         ├─▶ outbox ─▶ the upstream
//!  outbox, held                       ─▶┘                          └─▶ held   quarantine
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`jws`] | compact JWS, keys, strict JSON: bytes in, bytes out |
//! | [`notice`] | node id, scope, label, statement, records |
//! | [`trust`] | roots, bundles, grants: which key, what may it sign |
//! | [`ceremony`] | the next trust document, and in words what it changes for whom |
//! | [`address`] | place -> subject, stream, patterns, permissions |
//! | [`policy`] | rules, TLP table, entitlement |
//! | [`verify`] | the normative order of checks; the only maker of `Verified` |
//! | [`lifecycle`] | threads, what is in force |
//! | [`case`] | threads of reports and answers: states, clocks |
//! | [`routing`] | decide, keep, receipts |
//! | [`bus`] | the only module that names async_nats |
//! | [`document`] | CSAF, CERT-FR, incident reports -> the fields a statement needs |
//! | [`config`] | files and environment -> checked configuration |
//! | [`keys`] | key files |
//! | [`time`] | the only reader of the clock |
//!
//! The upper part, up to `routing`, is the domain: no runtime, no I/O, no clock, no log.

pub mod address;
pub mod bus;
pub mod case;
pub mod ceremony;
pub mod cli;
pub mod config;
pub mod console;
pub mod demo;
pub mod document;
pub mod jws;
pub mod keys;
pub mod lifecycle;
pub mod notice;
pub mod policy;
pub mod publish;
pub mod relay;
pub mod routing;
pub mod telemetry;
pub mod time;
pub mod topology;
pub mod trust;
pub mod verify;
