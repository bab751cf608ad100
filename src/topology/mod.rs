//! Who sits where: topology files are for authoring a federation.
//!
//! A person of a CERT writes who exists, who introduces whom and who serves what; from that, draft
//! trust bundles and server configuration are made. At run time the signed bundles are the only
//! truth and nothing here is read. So a mistake must be found here, by a reader that knows the
//! whole tree: [`Topology::load`] reports every one, each with its line, and yields a [`Topology`]
//! only if there is none.
//!
//! | file | problem |
//! |---|---|
//! | `model` | the checked tree and its questions |
//! | `report`, `fields`, `draft` | TOML to typed values that still know their line |
//! | `tree`, `places`, `overlaps`, `links`, `grants` | what must hold between nodes |
//! | `load` | all of it in order; warnings |
//! | `sectors` | the sector tokens |
//! | `show` | the tree in plain text |
//! | `bundles`, `offline`, `versions` | trust documents and the keys that sign them |
//! | `conf`, `written`, `files`, `render` | what every node starts with |

mod bundles;
mod conf;
mod draft;
mod fields;
mod files;
mod grants;
mod links;
mod load;
mod model;
mod offline;
mod overlaps;
mod places;
mod render;
mod report;
#[cfg(test)]
mod samples;
mod sectors;
mod show;
mod tree;
mod versions;
mod written;

pub use self::bundles::{KeyRing, NodeKeys, ROOT_KEYS, ROOT_THRESHOLD, bundle, root};
pub use self::conf::{ServerSettings, server_conf};
pub use self::files::RenderError;
pub use self::load::{MAX_TOPOLOGY_BYTES, Warning};
pub use self::model::{Contact, Node, Subscriber, Topology, default_kinds};
pub use self::render::{RenderOptions, Rendered, RenderedNode, render, seed_path};
pub use self::show::{short, show};
