// What Python calls: perceptrons, gated recurrent units and Adam for all networks side by side, on one
// core. kernels.py declares the structures and writes structures.hpp.

#include "adam.hpp"
#include "gru.hpp"
#include "perceptron.hpp"
#include "structures.hpp"

namespace {

Perceptron perceptron_of(const Networks& networks) {
  std::vector<long> sizes(networks.sizes, networks.sizes + networks.layers + 1);
  return {sizes, Activation(networks.activation), networks.rounded};
}

// Calls `operate(number, rows)` for every network. `rows` (seeds, members, batch, in) as it lies in
// memory, with the distances from one seed, member and row to the next: members may share their rows.
template <class Operate>
void for_each_network(const Networks& networks, const float* rows, const int64_t* distances,
                      Operate operate) {
  for (long seed = 0; seed < networks.seeds; ++seed)
    for (long member = 0; member < networks.members; ++member)
      operate(seed * networks.members + member,
              Matrix{rows + seed * distances[0] + member * distances[1], networks.batch,
                     networks.sizes[0], distances[2], 1});
}

}  // namespace

extern "C" {

// `tape` is null where nothing is kept for a backward pass.
void perceptron_forward(const Networks* networks, const float* weights, const float* rows,
                        const int64_t* distances, float* tape, float* result) {
  Perceptron network = perceptron_of(*networks);
  for_each_network(*networks, rows, distances, [&](long number, Matrix of_network) {
    const float* own = weights + number * network.parameters();
    float* outputs = result + number * networks->batch * network.outputs();
    if (tape)
      network.forward(own, {of_network, tape + number * networks->batch * network.kept()}, outputs);
    else
      network.infer(own, of_network, outputs);
  });
}

void perceptron_backward(const Networks* networks, const float* weights, const float* rows,
                         const int64_t* distances, float* tape, const float* gradient, float* of_weights, float* of_rows,
                         int64_t first, int64_t columns) {
  Perceptron network = perceptron_of(*networks);
  for_each_network(*networks, rows, distances, [&](long number, Matrix of_network) {
    long batch = networks->batch, parameters = network.parameters();
    network.backward(weights + number * parameters,
                     {of_network, tape + number * batch * network.kept()},
                     gradient + number * batch * network.outputs(),
                     of_weights ? of_weights + number * parameters : nullptr,
                     of_rows ? of_rows + number * batch * columns : nullptr, first, columns);
  });
}

// Actions in (-1, 1) of a Gaussian squashed by tanh, from its means and log standard deviations side by
// side (rows, 2 actions), and from standard normal noise (rows, actions).
void squash(int64_t rows, int64_t actions, float lowest, float highest, const float* outputs,
            const float* noise, float* result) {
  for (long row = 0; row < rows; ++row)
    for_each_register(actions, [&](auto all, long i, long count) {
      const float* mean = outputs + 2 * row * actions + i;
      Floats deviation = load<all()>(mean + actions, count);
      deviation = deviation < lowest ? Floats{} + lowest : deviation;
      deviation = deviation > highest ? Floats{} + highest : deviation;
      Floats raw = load<all()>(mean, count) +
                   load<all()>(noise + row * actions + i, count) * exponential(deviation);
      store<all()>(result + row * actions + i, hyperbolic_tangent(raw), count);
    });
}

void gru_forward(const Cells* cells, const float* const* weights, const float* input,
                 const float* first, const float* memory, float* before, float* after,
                 float* kept) {
  long in = cells->inputs, units = cells->units, rows = cells->steps * cells->batch;
  GatedRecurrentUnit cell(in, units);
  for (long seed = 0; seed < cells->seeds; ++seed)
    cell.forward({weights[0] + seed * in * 3 * units, weights[1] + seed * 3 * units,
                  weights[2] + seed * units * 3 * units, weights[3] + seed * 3 * units},
                 {cells->steps, cells->batch, input + seed * rows * in,
                  first ? first + seed * rows : nullptr},
                 memory + seed * cells->batch * units, before + seed * rows * units,
                 after + seed * rows * units,
                 kept ? kept + seed * rows * GatedRecurrentUnit::KEPT * units : nullptr);
}

void gru_backward(const Cells* cells, const float* const* weights, const float* input,
                  const float* first, const float* before, const float* kept,
                  const float* of_before, const float* of_after, float* const* of_weights,
                  float* of_input, float* of_memory) {
  long in = cells->inputs, units = cells->units, rows = cells->steps * cells->batch;
  GatedRecurrentUnit cell(in, units);
  for (long seed = 0; seed < cells->seeds; ++seed) {
    long wide = seed * in * 3 * units, square = seed * units * 3 * units, bias = seed * 3 * units;
    cell.backward(
        {weights[0] + wide, weights[1] + bias, weights[2] + square, weights[3] + bias},
        {cells->steps, cells->batch, input + seed * rows * in,
         first ? first + seed * rows : nullptr},
        before + seed * rows * units, kept + seed * rows * GatedRecurrentUnit::KEPT * units,
        of_before ? of_before + seed * rows * units : nullptr, of_after + seed * rows * units,
        {of_weights[0] + wide, of_weights[1] + bias, of_weights[2] + square, of_weights[3] + bias},
        of_input + seed * rows * in, of_memory + seed * cells->batch * units);
  }
}

// Each seed's gradient is clipped by its norm over all parameters, which goes into `norms`.
void adam_step(int64_t seeds, int64_t count, const Parameter* parameters, float* steps, float rate,
               float clip_norm, float* norms) {
  ++*steps;
  for (long seed = 0; seed < seeds; ++seed) {
    double squares = 0;
    for (long i = 0; i < count; ++i)
      squares += sum_of_squares(parameters[i].gradient + seed * parameters[i].size,
                                parameters[i].size);
    norms[seed] = std::sqrt(squares);
    float factor = clip_factor(norms[seed], clip_norm);
    for (long i = 0; i < count; ++i) {
      const Parameter& p = parameters[i];
      adam({p.weights, p.means, p.squares, p.decays, p.size}, seed, p.gradient + seed * p.size,
           factor, *steps, rate);
    }
  }
}
}
