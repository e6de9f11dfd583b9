// One update of Soft Actor-Critic on one core: `ActorCritic.learn` of
// p2e/agent/actor_critic.py, step for step, without an operator of PyTorch for each of them.
//
// Called by p2e/agent/native/native_update.py, which also declares `Settings`, `Learned`, `Rows`, `Batch`
// and `MetricPointers` for structures.hpp.

#include "adam.hpp"
#include "perceptron.hpp"
#include "structures.hpp"

namespace {

constexpr float LOG_STD_LOW = -20, LOG_STD_HIGH = 2;  // as in p2e/agent/actor.py
constexpr float HALF_LOG_TWO_PI = 0.9189385332f, LOG_TWO = 0.6931471806f;

using Vector = std::vector<float>;

// What a network made of a batch, and what its backward passes need.
struct Pass {
  Buffer kept, memory;
  Perceptron::Tape tape;
  const float* outputs;
};

// An action from standard normal noise, and what its gradient needs.
struct Sample {
  Pass pass;
  Vector action, deviation;  // (rows, actions)
  Vector log_probability;    // (rows)
};

// What is computed for one seed; kept for its memory.
struct Workspace {
  Vector observation, action, reward, next_observation, terminated, target_noise, actor_noise;
  Sample sample;
  Vector pairs;  // features and actions side by side (rows, features + actions)
  Pass twins[2];
  Vector target;  // (rows)
  // Gradients with respect to a critic's values (rows), to the actions (rows, actions), also of one
  // critic alone, to the actor's outputs (rows, 2 actions), and to the weights of a network.
  Vector of_values, of_actions, of_actions_by_twin, of_outputs, of_weights;
};

void copy_rows(const Rows& from, long seed, long rows, long width, Vector& to) {
  to.resize(rows * width);
  for (long row = 0; row < rows; ++row)
    std::copy_n(from.data + seed * from.to_next_seed + row * from.to_next_row, width,
                &to[row * width]);
}

// The smaller of two values; what is no number stays none, so that it is noticed.
float smaller(float first, float second) {
  return first < second || std::isnan(first) ? first : second;
}

// One step of one seed. Returns the gradient's norm before it is clipped.
float descend(const Learned& learned, long seed, const float* gradient, long size) {
  float norm = std::sqrt(sum_of_squares(gradient, size));
  adam({learned.weights, learned.means, learned.squares, nullptr, size}, seed, gradient,
       clip_factor(norm, learned.clip_norm), *learned.steps, learned.rate);
  return norm;
}

void forward(const Perceptron& network, const float* weights, const float* rows, long batch,
             Pass& pass) {
  pass.tape = {row_major(rows, batch, network.inputs()), pass.kept.of_size(batch * network.kept())};
  float* outputs = pass.memory.of_size(batch * network.outputs());
  network.forward(weights, pass.tape, outputs);
  pass.outputs = outputs;
}

// The update of one seed.
class Update {
 public:
  Update(const Settings& settings, long seed, const Learned& actor, const Learned& critic,
         const Learned& temperature, float* target_weights, Workspace& workspace)
      : s_(settings),
        seed_(seed),
        actor_(actor),
        critic_(critic),
        temperature_(temperature),
        w_(workspace),
        policy_(sizes(s_.features, 2 * s_.actions), Activation::RELU, s_.rounded),
        value_(sizes(s_.features + s_.actions, 1),
               s_.critic_layer_norm ? Activation::NORM_RELU : Activation::RELU, s_.rounded),
        actor_weights_(actor.weights + seed * policy_.parameters()),
        critic_weights_(critic.weights + seed * 2 * value_.parameters()),
        target_weights_(target_weights + seed * 2 * value_.parameters()),
        log_alpha_(temperature.weights[seed]) {}

  void run(const Batch& batch, const MetricPointers& metrics) {
    copy(batch);
    update_critic(metrics);
    update_actor_and_temperature(metrics);
    update_target();
  }

 private:
  std::vector<long> sizes(long in, long out) const {
    std::vector<long> all = {in};
    all.insert(all.end(), s_.hidden, s_.hidden + s_.hidden_layers);
    all.push_back(out);
    return all;
  }

  void copy(const Batch& batch) {
    copy_rows(batch.observation, seed_, s_.rows, s_.features, w_.observation);
    copy_rows(batch.action, seed_, s_.rows, s_.actions, w_.action);
    copy_rows(batch.reward, seed_, s_.rows, 1, w_.reward);
    copy_rows(batch.next_observation, seed_, s_.rows, s_.features, w_.next_observation);
    copy_rows(batch.terminated, seed_, s_.rows, 1, w_.terminated);
    copy_rows(batch.target_noise, seed_, s_.rows, s_.actions, w_.target_noise);
    copy_rows(batch.actor_noise, seed_, s_.rows, s_.actions, w_.actor_noise);
  }

  // Half the squared error, mean over the rows, sum over the two critics.
  void update_critic(const MetricPointers& metrics) {
    bellman_target();
    join(w_.observation, w_.action);
    w_.of_values.resize(s_.rows);
    w_.of_weights.resize(2 * value_.parameters());
    double loss = 0, sum = 0;
    for (int twin = 0; twin < 2; ++twin) {  // one after the other, for the sake of the cache
      judge(critic_weights_, twin);
      for (long row = 0; row < s_.rows; ++row) {
        float error = value_of(twin, row) - w_.target[row];
        loss += 0.5 * error * error;
        sum += value_of(twin, row);
        w_.of_values[row] = error / s_.rows;
      }
      long place = twin * value_.parameters();
      value_.backward(critic_weights_ + place, w_.twins[twin].tape, w_.of_values.data(),
                      &w_.of_weights[place], nullptr, 0, 0);
    }
    metrics.critic_loss[seed_] = loss / s_.rows;
    metrics.q_value[seed_] = sum / (2 * s_.rows);
    metrics.critic_gradient_norm[seed_] =
        descend(critic_, seed_, w_.of_weights.data(), w_.of_weights.size());
  }

  // r + discount * (1 - terminated) * (min Q' - alpha log pi).
  void bellman_target() {
    sample(w_.next_observation, w_.target_noise);
    join(w_.next_observation, w_.sample.action);
    for (int twin = 0; twin < 2; ++twin) judge(target_weights_, twin);
    float alpha = std::exp(log_alpha_);
    w_.target.resize(s_.rows);
    for (long row = 0; row < s_.rows; ++row) {
      float soft = counting(row) - alpha * w_.sample.log_probability[row];
      w_.target[row] = w_.reward[row] + s_.discount * (1 - w_.terminated[row]) * soft;
    }
  }

  // The mean of alpha log pi - min Q, and log alpha (entropy - target entropy).
  void update_actor_and_temperature(const MetricPointers& metrics) {
    sample(w_.observation, w_.actor_noise);
    join(w_.observation, w_.sample.action);
    for (int twin = 0; twin < 2; ++twin) judge(critic_weights_, twin);
    float alpha = std::exp(log_alpha_);
    double loss = 0, sum = 0;
    for (long row = 0; row < s_.rows; ++row) {
      float log_probability = w_.sample.log_probability[row];
      loss += alpha * log_probability - counting(row);
      sum += log_probability;
    }
    float entropy = -sum / s_.rows;
    find_gradient_of_actions();
    find_gradient_of_outputs(alpha / s_.rows);
    w_.of_weights.resize(policy_.parameters());
    policy_.backward(actor_weights_, w_.sample.pass.tape, w_.of_outputs.data(),
                     w_.of_weights.data(), nullptr, 0, 0);
    metrics.actor_gradient_norm[seed_] =
        descend(actor_, seed_, w_.of_weights.data(), w_.of_weights.size());
    float of_log_alpha = entropy - s_.target_entropy;
    descend(temperature_, seed_, &of_log_alpha, 1);
    if (log_alpha_ < s_.min_log_alpha) log_alpha_ = s_.min_log_alpha;
    metrics.actor_loss[seed_] = loss / s_.rows;
    metrics.alpha[seed_] = alpha;
    metrics.entropy[seed_] = entropy;
  }

  void update_target() {
    const float* __restrict online = critic_weights_;
    float* __restrict target = target_weights_;
    for (long i = 0; i < 2 * value_.parameters(); ++i)
      target[i] += s_.target_rate * (online[i] - target[i]);
  }

  // A Gaussian squashed by tanh (Haarnoja et al. 2018, appendix C).
  void sample(const Vector& observation, const Vector& noise) {
    Sample& sample = w_.sample;
    forward(policy_, actor_weights_, observation.data(), s_.rows, sample.pass);
    sample.action.resize(s_.rows * s_.actions);
    sample.deviation.resize(s_.rows * s_.actions);
    sample.log_probability.resize(s_.rows);
    for (long row = 0; row < s_.rows; ++row) {
      const float* mean = sample.pass.outputs + row * 2 * s_.actions;
      const float* log_deviation = mean + s_.actions;
      float terms = s_.actions * HALF_LOG_TWO_PI;
      for (long a = 0, i = row * s_.actions; a < s_.actions; ++a, ++i) {
        float bounded = std::clamp(log_deviation[a], LOG_STD_LOW, LOG_STD_HIGH);
        sample.deviation[i] = std::exp(bounded);
        float raw = mean[a] + noise[i] * sample.deviation[i];
        sample.action[i] = std::tanh(raw);
        float size = std::abs(raw);
        // log(1 - tanh(raw)^2), in a form that neither overflows nor loses digits far from 0
        float log_jacobian = 2 * (LOG_TWO - size - std::log1p(std::exp(-2 * size)));
        terms += 0.5f * noise[i] * noise[i] + bounded + log_jacobian;
      }
      sample.log_probability[row] = -terms;
    }
  }

  void join(const Vector& features, const Vector& actions) {
    long width = s_.features + s_.actions;
    w_.pairs.resize(s_.rows * width);
    for (long row = 0; row < s_.rows; ++row) {
      float* pair = &w_.pairs[row * width];
      std::copy_n(&features[row * s_.features], s_.features, pair);
      std::copy_n(&actions[row * s_.actions], s_.actions, pair + s_.features);
    }
  }

  void judge(const float* weights_of_both, int twin) {
    const float* weights = weights_of_both + twin * value_.parameters();
    forward(value_, weights, w_.pairs.data(), s_.rows, w_.twins[twin]);
  }

  float value_of(int twin, long row) const { return w_.twins[twin].outputs[row]; }

  // What counts of both values of a row: the smaller, or of normalised critics the mean.
  float counting(long row) const {
    float first = value_of(0, row), second = value_of(1, row);
    return s_.critic_layer_norm ? (first + second) / 2 : smaller(first, second);
  }

  // The share of one twin's value in that.
  float share_of(int twin, long row) const {
    if (s_.critic_layer_norm) return 0.5f;
    bool second = value_of(1, row) < value_of(0, row);
    return second == (twin == 1) ? 1.0f : 0.0f;
  }

  // Of the mean of -Q: of each row through what counts of its values.
  void find_gradient_of_actions() {
    w_.of_actions.assign(s_.rows * s_.actions, 0.0f);
    w_.of_actions_by_twin.resize(s_.rows * s_.actions);
    for (int twin = 0; twin < 2; ++twin) {
      for (long row = 0; row < s_.rows; ++row) w_.of_values[row] = -share_of(twin, row) / s_.rows;
      value_.row_gradient(critic_weights_ + twin * value_.parameters(), w_.twins[twin].tape,
                          w_.of_values.data(), s_.features, s_.actions,
                          w_.of_actions_by_twin.data());
      for (size_t i = 0; i < w_.of_actions.size(); ++i)
        w_.of_actions[i] += w_.of_actions_by_twin[i];
    }
  }

  // Of the actor's loss. With a = tanh(u) and u = mean + noise * deviation, the log-probability is
  // a function of the log deviation, and of u through -log(1 - a^2), whose derivative is 2a.
  void find_gradient_of_outputs(float of_log_probability) {
    w_.of_outputs.resize(s_.rows * 2 * s_.actions);
    for (long row = 0; row < s_.rows; ++row) {
      const float* log_deviation = w_.sample.pass.outputs + (2 * row + 1) * s_.actions;
      float* of_mean = &w_.of_outputs[2 * row * s_.actions];
      float* of_log_deviation = of_mean + s_.actions;
      for (long a = 0, i = row * s_.actions; a < s_.actions; ++a, ++i) {
        float action = w_.sample.action[i];
        float of_raw =
            w_.of_actions[i] * (1 - action * action) + 2 * of_log_probability * action;
        float of_deviation = of_raw * w_.actor_noise[i];
        bool bounded = log_deviation[a] < LOG_STD_LOW || log_deviation[a] > LOG_STD_HIGH;
        of_mean[a] = of_raw;
        of_log_deviation[a] =
            bounded ? 0 : of_deviation * w_.sample.deviation[i] - of_log_probability;
      }
    }
  }

  const Settings& s_;
  long seed_;
  const Learned &actor_, &critic_, &temperature_;
  Workspace& w_;
  Perceptron policy_, value_;
  const float *actor_weights_, *critic_weights_;
  float* target_weights_;
  float& log_alpha_;
};

}  // namespace

extern "C" void update(const Settings* settings, const Learned* actor, const Learned* critic,
                       const Learned* temperature, float* target_weights, const Batch* batch,
                       const MetricPointers* metrics) {
  static thread_local Workspace workspace;
  for (const Learned* learned : {actor, critic, temperature}) ++*learned->steps;
  for (long seed = 0; seed < settings->seeds; ++seed)
    Update(*settings, seed, *actor, *critic, *temperature, target_weights, workspace)
        .run(*batch, *metrics);
}
