/** An array job as text: the cluster's own engine does the rest. At-least-once runs give an exactly-once store. */
import { stringify } from "yaml";

/** Exit codes that no retry can mend: wrong use (2) and refused data (3). */
const FINAL_EXIT_CODES = [2, 3];

/** A Kubernetes Indexed Job or a Slurm array script that runs `commandLine` in `shards` pieces. */
export function arrayJob(kind: "kubernetes" | "slurm", shards: number, commandLine: string): string {
  const command = commandLine.replace(/ --(emit|shards)(=| )\S+/g, "");
  return kind === "slurm" ? slurmScript(shards, command) : kubernetesJob(shards, command);
}

function slurmScript(shards: number, command: string): string {
  return `#!/bin/sh\n#SBATCH --job-name=difftap-features\n#SBATCH --array=0-${shards - 1}\n#SBATCH --requeue\nexport SHARD_COUNT=${shards}\nexec ${command}\n`;
}

function kubernetesJob(shards: number, command: string): string {
  return stringify({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "difftap-features" },
    spec: {
      completionMode: "Indexed",
      completions: shards,
      parallelism: shards,
      backoffLimitPerIndex: 3,
      podFailurePolicy: {
        rules: [
          {
            action: "FailIndex",
            onExitCodes: { containerName: "difftap", operator: "In", values: FINAL_EXIT_CODES },
          },
        ],
      },
      template: {
        spec: {
          restartPolicy: "Never",
          containers: [
            {
              name: "difftap",
              image: "IMAGE-WITH-DIFFTAP",
              command: ["/bin/sh", "-c", command],
              env: [{ name: "SHARD_COUNT", value: String(shards) }],
            },
          ],
        },
      },
    },
  });
}
