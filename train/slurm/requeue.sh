# Sourced by the batch scripts: run `fit` on every task and requeue the job if it was cut short.
#
# Settings, each from the environment of sbatch:
#   CONFIGS    configurations, the later ones on top (configs/ct.yaml configs/cluster.yaml)
#   CONTAINER  an Apptainer image that holds calciscope-train; empty for the environment as it is
#   BIND       folders that the container needs besides the current one, comma-separated

CONFIGS=${CONFIGS:-configs/ct.yaml configs/cluster.yaml}

# The exit status decides, not a signal handler, and scontrol is called out here on the node: the
# container has none.
fit_and_requeue() {
    local command=(calciscope-train) configs=() status=0 job config
    if [ -n "${CONTAINER:-}" ]; then
        # exec, so that signals reach the program and not a shell around it.
        command=(apptainer exec --nv --bind "$PWD${BIND:+,$BIND}" --pwd "$PWD" "$CONTAINER"
            calciscope-train)
    fi
    for config in $CONFIGS; do configs+=(--config "$config"); done

    # srun does not take over --cpus-per-task from sbatch since Slurm 22.05.
    export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
    srun --kill-on-bad-exit=0 "${command[@]}" fit "${configs[@]}" "$@" || status=$?

    # 75: stopped in order, with a checkpoint. 138 and 143: a signal came while the program was
    # still starting, before there was anything to save.
    case $status in
        75 | 138 | 143) ;;
        *) return "$status" ;;
    esac
    job=${SLURM_JOB_ID:?not inside a SLURM job}
    if [ -n "${SLURM_ARRAY_JOB_ID:-}" ]; then
        job=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}
    fi
    if ! command -v scontrol >/dev/null; then
        echo "no scontrol here; submit the same command again to go on" >&2
        return "$status"
    fi
    scontrol requeue "$job"
}
