/** What is pretrained in the benchmark: the architecture, batch and recipe of the CIFAR-10 backbone. PyTorch's part is handed the same. */
export const architecture = {
  flags: {
    image_size: 32,
    num_channels: 32,
    num_res_blocks: 1,
    channel_mult: "1,2,4",
    attention_resolutions: "8",
    num_heads: 4,
    num_head_channels: 32,
    learn_sigma: true,
  },
};
export const batch = 32;
export const learningRate = 8e-4;
