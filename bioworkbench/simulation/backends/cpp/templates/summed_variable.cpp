{# Sums over synapses: row by row where they are sorted by target, each with a sum that is kept until the row ends. #}
{# Elsewhere from synapse to synapse, as Brian2 does. Both add in the order of the synapses. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    {% set _target_var_array = get_array_name(_target_var) %}
    {% set _index_array = get_array_name(_index_var) %}
    const int _target_size = {{constant_or_scalar(_target_size_name, variables[_target_size_name])}};
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {% if row %}
    const std::vector<int32_t>& _rows = _a.arrays[{{row.slot}}]->rows;
    if (!_rows.empty())
    {
        for (int _postsynaptic_idx = 0; _postsynaptic_idx < _target_size; _postsynaptic_idx++)
        {
            {{row.before|autoindent}}
            {{row.kind}} _sum = 0;
            const int32_t _end = _rows[_postsynaptic_idx + 1];
            for (int32_t _idx = _rows[_postsynaptic_idx]; _idx < _end; _idx++)
            {
                const size_t _vectorisation_idx = _idx;
                {{row.inside|autoindent}}
                _sum += _synaptic_var;
            }
            {{_target_var_array}}[_postsynaptic_idx + {{_target_start}}] = _sum;
        }
        return;
    }
    {% endif %}
    for (int _target_idx = 0; _target_idx < _target_size; _target_idx++)
        {{_target_var_array}}[_target_idx + {{_target_start}}] = 0;
    for (int _idx = 0; _idx < {{N}}; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
        {{_target_var_array}}[{{_index_array}}[_idx]] += _synaptic_var;
    }
{% endblock %}
