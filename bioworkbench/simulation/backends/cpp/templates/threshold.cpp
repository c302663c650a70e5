{# Which neurons spike. The condition is computed for a block of neurons, which a compiler turns into vectors, before any is listed. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    const int _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    const int _N = N;
    int32_t _count = 0;
    {% if uses_random %}
    for (Blocks _part(_a, _N); _part.next();)
    {
    {% include 'drawn.cpp' %}
    {% else %}
    const Range _part{0, _N};
    {% endif %}
    for (int _begin = _part.begin; _begin < _part.end; _begin += 32)
    {
        const int _n = std::min(_part.end - _begin, 32);
        char _spikes[32], _any = 0;
        for (int _k = 0; _k < _n; _k++)
        {
            const size_t _idx = _begin + _k;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
            _any |= _spikes[_k] = _cond != 0;
        }
        if (_any)
            for (int _k = 0; _k < _n; _k++)
            {
                {{_eventspace}}[_count] = _begin + _k;
                _count += _spikes[_k];
            }
    }
    {% if uses_random %}
    }
    {% endif %}
    {% if _uses_refractory %}
    for (int32_t _k = 0; _k < _count; _k++)
    {
        const size_t _idx = {{_eventspace}}[_k];
        {{not_refractory}}[_idx] = false;
        {{lastspike}}[_idx] = {{t}};
    }
    {% endif %}
    {{_eventspace}}[_num{{eventspace_variable.name}} - 1] = _count;
{% endblock %}

{% block after_code %}
    silence
{% endblock %}
