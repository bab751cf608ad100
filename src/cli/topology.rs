//! `chappe topology check|show|render`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::output::say;
use super::{Failure, Outcome};
use crate::topology::{self, MAX_TOPOLOGY_BYTES, RenderOptions, Topology, Warning};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Find every mistake, each with its line
    Check {
        /// The topology
        file: PathBuf,
    },
    /// Draw the tree
    Show {
        /// The topology
        file: PathBuf,
    },
    /// Write keys, signed bundles and configuration with which every node starts
    Render {
        /// The topology
        file: PathBuf,
        /// The folder; keys that are there stay
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// One server for all nodes, as the demo has it, instead of one each
        #[arg(long)]
        one_server: bool,
        /// Host of the servers
        #[arg(long, default_value = "127.0.0.1")]
        host: String,
        /// Port of the first server; each next has the next
        #[arg(long, default_value_t = 4222)]
        port: u16,
        /// Monitoring port of the first server
        #[arg(long, default_value_t = 8222)]
        monitor_port: u16,
        /// Console port of the first relay
        #[arg(long, default_value_t = 9601)]
        console_port: u16,
    },
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    match arguments.verb {
        Verb::Check { file } => {
            let topology = load(&file)?;
            say!("{}: {} nodes, no mistakes", file.display(), topology.nodes().len());
        }
        Verb::Show { file } => say!("{}", topology::show(&load(&file)?).trim_end()),
        Verb::Render { file, out, one_server, host, port, monitor_port, console_port } => {
            let now = crate::time::now();
            let options =
                RenderOptions { out, one_server, host, port, monitor_port, console_port, now };
            let rendered = topology::render(&load(&file)?, &options).map_err(Failure::failed)?;
            say!("{} nodes in {}", rendered.nodes.len(), rendered.out.display());
        }
    }
    Ok(())
}

/// Reads a topology; its warnings go to standard error, its mistakes are the failure.
fn load(file: &Path) -> Result<Topology, Failure> {
    let (topology, warnings) = read(file)?;
    for warning in warnings {
        super::complain(&warning.to_string());
    }
    Ok(topology)
}

/// Reads a topology with its warnings; its mistakes are the failure.
pub(super) fn read(file: &Path) -> Result<(Topology, Vec<Warning>), Failure> {
    let named = |why: String| Failure::usage(format!("{}: {why}", file.display()));
    let length = std::fs::metadata(file).map_err(|e| named(e.to_string()))?.len();
    if length > MAX_TOPOLOGY_BYTES as u64 {
        return Err(named(format!("{length} bytes, more than {MAX_TOPOLOGY_BYTES}")));
    }
    let text = std::fs::read_to_string(file).map_err(|e| named(e.to_string()))?;
    match Topology::load(&text, &file.display().to_string()) {
        Ok(read) => Ok(read),
        Err(findings) => {
            let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
            let mistakes = if lines.len() == 1 { "mistake" } else { "mistakes" };
            Err(Failure::usage(format!("{} {mistakes}\n{}", lines.len(), lines.join("\n"))))
        }
    }
}
