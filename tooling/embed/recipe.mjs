/** The settings of a run as a file that makes the run again. */

/** config.yaml without what belongs to the place it ran at. */
export function recipeOf({ config, environment }) {
  const { engine, node, platform, versions } = environment;
  const settings = config.replace(/^(out|ranks):.*\n/gm, "");
  return `# Makes these weights again, bit for bit on one engine and machine:
#   difftap-train backbone --config recipe.yaml --out runs/scenes
# They were made on engine ${engine} ${versions.tfjs ?? ""}, Node ${node}, ${platform}.
${settings}`;
}
